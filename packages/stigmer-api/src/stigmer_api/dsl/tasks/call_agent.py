"""`call: agent`: one execution of an agent. Ours: the DSL has no agents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader

_KEYS: Final = ("agent", "message", "session")


@dataclass(frozen=True, slots=True)
class AgentCall:
    """`agent` is a slug of the execution's organisation or an agent's id; `session` the id of a session to go on in."""

    agent: Template
    message: Template
    session: Template | None = None


def read_agent_call(reader: Reader, value: Json, pointer: str) -> AgentCall | None:
    """Compile `with`."""
    fields = reader.fields(value, pointer, _KEYS, required=("agent", "message"))
    if "agent" not in fields or "message" not in fields:
        return None

    def text(found: Json, place: str) -> Template:
        return reader.template(reader.text(found, place), place)

    return AgentCall(
        agent=text(fields["agent"], child(pointer, "agent")),
        message=text(fields["message"], child(pointer, "message")),
        session=reader.optional(fields, "session", pointer, text),
    )
