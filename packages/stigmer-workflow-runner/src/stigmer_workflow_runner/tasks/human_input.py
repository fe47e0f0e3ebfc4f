"""`call: human`: waits for a person's answer, which the server has checked against what was asked.

Frame: `asked` is the question as the server shows it, `until` when it is too late. Output: `{outcome, data, comment,
reviewer}`. A timeout fails, or takes the outcome that says no; it never approves.
"""

from __future__ import annotations

import asyncio
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.human_input import DENY, HumanInput
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.excerpts import short_value
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.runtime import READ_ANSWER, Call
from stigmer_workflow_runner.state import iso8601
from stigmer_workflow_runner.step import Step

TOO_LATE: Final = "nobody answered in time"


async def run_human_input(human: HumanInput, step: Step) -> Outcome:
    """Ask once, and wait."""
    frame, inbox = step.frame, step.runtime.inbox
    if "asked" not in frame:
        _ask(human, step)
    request: str = frame["asked"]["id"]
    try:
        answered = await step.runtime.wait_for(lambda: request in inbox.answers, frame.get("until"))
        answer = inbox.answers.get(request) if answered else await _accepted_late(step, request)
    except (Fault, asyncio.CancelledError):
        inbox.answers.pop(request, None)
        raise
    if answer is None:
        return _timed_out(human, step)
    inbox.answers.pop(request, None)
    then = next((outcome.then for outcome in human.outcomes if outcome.name == answer["outcome"]), None)
    return Outcome(answer, then)


def _ask(human: HumanInput, step: Step) -> None:
    prompt = step.evaluate(human.prompt)
    approvers = [] if human.approvers is None else step.evaluate(human.approvers)
    if not isinstance(prompt, str) or not prompt:
        raise step.fault("expression", f"with.prompt must give text, not {prompt!r}")
    if not isinstance(approvers, list) or not all(isinstance(name, str) for name in approvers):
        raise step.fault("expression", f"with.approvers must give a list of names, not {approvers!r}")
    seconds = 0.0 if human.timeout is None else step.duration(human.timeout)
    if human.timeout is not None:
        step.frame["until"] = step.runtime.now() + seconds
    asked: dict[str, Json] = {
        "id": step.runtime.uuid(),
        "prompt": prompt,
        "form": human.form,
        "outcomes": [{"name": item.name, "label": item.label} for item in human.outcomes],
        "approvers": approvers,
        "payload": None if human.payload is None else short_value(step.evaluate(human.payload)),
        "ui_hint": human.ui_hint,
        "seconds": round(seconds),
        "timeout_at": iso8601(step.frame["until"]) if "until" in step.frame else "",
    }
    step.frame["asked"] = asked
    step.engine.observer.asked(step.task, step.scope, step.frame["began"], step.given, asked)


async def _accepted_late(step: Step, request: str) -> dict[str, Json] | None:
    """The time is up here; an answer that the server took in time may still be on its way."""
    argument: dict[str, Json] = {"request": request}
    found: dict[str, Json] | None = await step.runtime.execute(Call(READ_ANSWER, argument, repeatable=True))
    return found


def _timed_out(human: HumanInput, step: Step) -> Outcome:
    now, denial = step.runtime.now(), human.denial
    if human.on_timeout != DENY or denial is None:
        raise step.fault("timeout", f"nobody answered {step.task.name!r} in time")
    step.engine.observer.auto_resolved(step.task, step.scope, now, denial.name)
    return Outcome(
        {"outcome": denial.name, "data": {}, "comment": "nobody answered in time", "reviewer": ""}, denial.then
    )
