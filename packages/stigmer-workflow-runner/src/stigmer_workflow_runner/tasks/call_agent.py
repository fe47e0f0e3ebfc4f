"""`call: agent`: one execution of an agent. Ours: the DSL has no agents.

Output: `{text, executionId, sessionId}` and `structuredOutput` when the agent gave one.
"""

from __future__ import annotations

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.call_agent import AgentCall
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.children import AGENT, Child


async def run_call_agent(call: AgentCall, step: Step) -> Outcome:
    """Create the agent execution and wait for its end."""
    agent, message = step.evaluate(call.agent), step.evaluate(call.message)
    session = None if call.session is None else step.evaluate(call.session)
    for name, value in (("agent", agent), ("message", message)):
        if not isinstance(value, str) or not value:
            raise step.fault("expression", f"with.{name} must give text, not {value!r}")
    if session is not None and not isinstance(session, str):
        raise step.fault("expression", f"with.session must give text, not {session!r}")
    argument: dict[str, Json] = {"name": agent, "message": message, "session": session or ""}
    return Outcome(await Child(AGENT, argument, f"agent {agent}").run(step))
