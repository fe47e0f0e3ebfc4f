"""`call: agent`: one execution of an agent. Ours: the DSL has no agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader
from stigmer_api.dsl.tasks.call_model import Contract, read_contract

_KEYS: Final = ("agent", "message", "session", "env", "config", "harness", "workspace", "output")


@dataclass(frozen=True, slots=True)
class AgentCall:
    """`agent` is a slug of the execution's organisation or an agent's id; `session` the id of a session to go on in.

    `env` gives texts by name, `config` is a RunConfig and `workspace` gives workspace entries, as in the API;
    `contract` is what the answer must be.
    """

    agent: Template
    message: Template
    session: Template | None = None
    env: Template | None = None
    config: Mapping[str, Json] | None = None
    harness: str = ""
    workspace: Template | None = None
    contract: Contract | None = None


def read_agent_call(reader: Reader, value: Json, pointer: str) -> AgentCall | None:
    """Compile `with`."""
    fields = reader.fields(value, pointer, _KEYS, required=("agent", "message"))
    if "agent" not in fields or "message" not in fields:
        return None

    def text(found: Json, place: str) -> Template:
        return reader.template(reader.text(found, place), place)

    def whole(kind: type, what: str) -> Callable[[Json, str], Json]:
        def read(found: Json, place: str) -> Json:
            if not isinstance(found, kind):
                reader.problem(place, f"must be {what}")
                return kind()
            return found

        return read

    workspace = reader.optional(fields, "workspace", pointer, whole(list, "a list of workspace entries"))
    env = reader.optional(fields, "env", pointer, whole(dict, "an object of texts"))
    return AgentCall(
        agent=text(fields["agent"], child(pointer, "agent")),
        message=text(fields["message"], child(pointer, "message")),
        session=reader.optional(fields, "session", pointer, text),
        env=None if env is None else reader.template(env, child(pointer, "env")),
        config=reader.optional(fields, "config", pointer, whole(dict, "an object of the run's options")),
        harness=reader.optional(fields, "harness", pointer, reader.text) or "",
        workspace=None if workspace is None else reader.template(workspace, child(pointer, "workspace")),
        contract=reader.optional(fields, "output", pointer, lambda v, p: read_contract(reader, v, p)),
    )
