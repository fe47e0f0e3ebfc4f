"""`wait`: a durable timer with an absolute deadline; the output is the input.

`wait: {until: <RFC 3339 time or expression>}` is ours: the uploaded task kind `wait` has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.model import Duration
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader


@dataclass(frozen=True, slots=True)
class Wait:
    """How long, or until when."""

    duration: Duration | None
    until: Template | None = None


class WaitType:
    """Reads `wait`."""

    keys = ("wait",)

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Wait]:
        """Compile the duration or the time."""
        value, place = fields["wait"], child(pointer, "wait")
        if not (isinstance(value, Mapping) and "until" in value):
            return "wait", Wait(reader.duration(value, place))
        found = reader.fields(value, place, ("until",))
        until = reader.template(found["until"], child(place, "until"))
        if until.constant:
            try:
                parse_time(until.value)
            except ValueError as error:
                reader.problem(child(place, "until"), str(error))
        return "wait", Wait(None, until)


def parse_time(value: Json) -> float:
    """Epoch seconds of an RFC 3339 text or of a number of epoch seconds. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is not an RFC 3339 time such as 2030-01-31T12:00:00Z") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
