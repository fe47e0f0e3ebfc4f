"""`raise`: ends the task with an error object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader

ERROR_KEYS: Final = ("type", "status", "instance", "title", "detail")


@dataclass(frozen=True, slots=True)
class Raise:
    """The error to raise."""

    error: Template


class RaiseType:
    """Reads `raise.error`: an object, or a name of `use.errors`."""

    keys = ("raise",)

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Raise]:
        """Compile the error."""
        place = child(pointer, "raise")
        raised = reader.fields(fields["raise"], place, ("error",), required=("error",))
        given = raised.get("error")
        place = child(place, "error")
        named = isinstance(given, str)
        found = reader.named("errors", given, place) if "error" in raised else None
        if found is None:
            return "raise", Raise(Template({}))
        error = reader.fields(found, place, ERROR_KEYS, required=("type", "status"))
        reader.texts(error, place, ("type", "title", "detail", "instance"))
        status = error.get("status", 0)
        if not isinstance(status, int | str) or isinstance(status, bool):
            reader.problem(place if named else child(place, "status"), "must be a whole number")
        return "raise", Raise(reader.template(error, place))
