"""`call: agent`: one execution of an agent. Ours: the DSL has no agents.

Output: `{text, executionId, sessionId}` and `structuredOutput` when the agent gave one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stigmer_workflow_runner.document.problems import child
from stigmer_workflow_runner.document.reader import Reader
from stigmer_workflow_runner.errors import Json
from stigmer_workflow_runner.expressions import Template
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.children import AGENT, Child

_KEYS: Final = ("agent", "message", "session")


@dataclass(frozen=True, slots=True)
class AgentCall:
    """`agent` is a slug of the execution's organisation or an agent's id; `session` the id of a session to go on in."""

    agent: Template
    message: Template
    session: Template | None = None

    async def run(self, step: Step) -> Outcome:
        """Create the agent execution and wait for its end."""
        agent, message = step.evaluate(self.agent), step.evaluate(self.message)
        session = None if self.session is None else step.evaluate(self.session)
        for name, value in (("agent", agent), ("message", message)):
            if not isinstance(value, str) or not value:
                raise step.fault("expression", f"with.{name} must give text, not {value!r}")
        if session is not None and not isinstance(session, str):
            raise step.fault("expression", f"with.session must give text, not {session!r}")
        argument: dict[str, Json] = {"name": agent, "message": message, "session": session or ""}
        return Outcome(await Child(AGENT, argument, f"agent {agent}").run(step))


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
