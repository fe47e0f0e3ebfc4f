"""`emit`: publishes a CloudEvent; the output is the event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader


@dataclass(frozen=True, slots=True)
class Emit:
    """The attributes as written. What is left out (id, source, time) is made when it is emitted."""

    attributes: Template


class EmitType:
    """Reads `emit`."""

    keys = ("emit",)

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Emit]:
        """Compile the event."""
        place = child(pointer, "emit")
        found = reader.fields(fields["emit"], place, ("event",), required=("event",))
        place = child(place, "event")
        event = reader.fields(found.get("event", {}), place, ("with",), required=("with",) if "event" in found else ())
        attributes, place = event.get("with", {}), child(place, "with")
        if not isinstance(attributes, Mapping):
            reader.problem(place, "must be an object with the attributes of the event")
            return "emit", Emit(Template({}))
        if "with" in event and "type" not in attributes:
            reader.problem(place, "needs 'type'")
        reader.texts(attributes, place, ("type", "source", "id", "subject"))
        return "emit", Emit(reader.template(dict(attributes), place))
