"""`call: agent`: one execution of an agent. Ours: the DSL has no agents.

Output: `{text, executionId, sessionId}` and `structuredOutput` when the agent gave one or the contract asks for it.
Frame: `at` is the attempt at an answer that keeps the contract, `session` and `message` are those of a repeated one.
"""

from __future__ import annotations

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.call_agent import AgentCall
from stigmer_api.dsl.tasks.call_model import RETRY, Contract
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.models import judged, repair
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.children import AGENT, Child


async def run_call_agent(call: AgentCall, step: Step) -> Outcome:
    """Create the agent execution and wait for its end; ask again in its session when the answer breaks the contract."""
    argument, frame = _argument(call, step), step.frame
    while True:
        argument["message"] = frame.get("message", argument["message"])
        argument["session"] = frame.get("session", argument["session"])
        output: dict[str, Json] = await Child(AGENT, argument, f"agent {argument['name']}").run(step)
        if call.contract is None:
            return Outcome(output)
        value, wrong = _answer(call.contract, output)
        if not wrong:
            return Outcome({**output, "structuredOutput": value})
        if call.contract.on_invalid != RETRY or frame.get("at", 1) > call.contract.retries:
            return _broken(call.contract, step, output, wrong)
        frame["at"], frame["message"], frame["session"] = frame.get("at", 1) + 1, repair(wrong), output["sessionId"]
        del frame["key"], frame["id"]


def _argument(call: AgentCall, step: Step) -> dict[str, Json]:
    agent, message = step.evaluate(call.agent), step.evaluate(call.message)
    session = None if call.session is None else step.evaluate(call.session)
    for name, value in (("agent", agent), ("message", message)):
        if not isinstance(value, str) or not value:
            raise step.fault("expression", f"with.{name} must give text, not {value!r}")
    if session is not None and not isinstance(session, str):
        raise step.fault("expression", f"with.session must give text, not {session!r}")
    if call.contract is not None:
        message = f"{message}\n\nAnswer with nothing but JSON that fits this schema: {call.contract.schema}"
    argument: dict[str, Json] = {"name": agent, "message": message, "session": session or ""}
    options: dict[str, Json] = {
        "env": None if call.env is None else step.evaluate(call.env),
        "config": call.config,
        "harness": call.harness,
        "workspace": None if call.workspace is None else step.evaluate(call.workspace),
    }
    given = {name: value for name, value in options.items() if value}
    return {**argument, "options": given} if given else argument


def _answer(contract: Contract, output: dict[str, Json]) -> tuple[Json, str]:
    """The structured answer, or what is wrong with it."""
    if output.get("structuredOutput") is not None:
        return judged(contract.schema, output["structuredOutput"])
    return judged(contract.schema, output["text"], text=True)


def _broken(contract: Contract, step: Step, output: Json, wrong: str) -> Outcome:
    if contract.fallback is not None:
        return Outcome({**output, "error": wrong}, contract.fallback)
    raise step.fault("validation", f"the agent's answer breaks the contract: {wrong}")
