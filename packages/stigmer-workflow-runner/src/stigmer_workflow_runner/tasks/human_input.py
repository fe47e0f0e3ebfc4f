"""`call: human`: waits for a person's answer, which the server has checked against what was asked.

Frame: `asked` is the question as the server shows it, `until` when it is too late, `escalated` when that has been once;
`channels` are told every `remind` seconds, next at `remind_at`; `untold` are messages to them that are not sent yet.
Output: `{outcome, data, comment, reviewer}`. A timeout fails, or takes the outcome that says no; it never approves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.tasks.human_input import DENY, Escalation, HumanInput
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.excerpts import short_value
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.runtime import READ_ANSWER, Call
from stigmer_workflow_runner.state import iso8601
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_send import NOTIFY

LEAST_REMINDER: Final = 1.0
"""Seconds between two reminders, at least."""

SUBJECTS: Final[Mapping[str, str]] = {
    "asked": "A workflow asks for a decision",
    "reminder": "A workflow still waits for a decision",
    "escalated": "Nobody has decided in time",
}


async def run_human_input(human: HumanInput, step: Step) -> Outcome:
    """Ask once, and wait."""
    frame, inbox = step.frame, step.runtime.inbox
    if "asked" not in frame:
        _ask(human, step)
    request: str = frame["asked"]["id"]
    try:
        answer = await _answer(human, step, request)
    except (Fault, asyncio.CancelledError):
        inbox.answers.pop(request, None)
        raise
    if answer is None:
        return _timed_out(human, step)
    inbox.answers.pop(request, None)
    then = next((outcome.then for outcome in human.outcomes if outcome.name == answer["outcome"]), None)
    return Outcome(answer, then)


async def _answer(human: HumanInput, step: Step, request: str) -> dict[str, Json] | None:
    """The answer, None when there is none in time; those who are to be told of the question are told meanwhile."""
    frame, inbox = step.frame, step.runtime.inbox
    while True:
        await _tell_all(step)
        times = [frame[key] for key in ("until", "remind_at") if key in frame]
        if await step.runtime.wait_for(lambda: request in inbox.answers, min(times, default=None)):
            return inbox.answers.get(request)
        if "until" in frame and step.runtime.now() >= frame["until"]:
            late = await _accepted_late(step, request)
            if late is not None or human.escalation is None or "escalated" in frame:
                return late
            _escalate(human.escalation, step)
        else:
            frame["remind_at"] += frame["remind"]
            frame["untold"] = _notices(step, step.frame["channels"], "reminder")


def _ask(human: HumanInput, step: Step) -> None:
    prompt = step.evaluate(human.prompt)
    if not isinstance(prompt, str) or not prompt:
        raise step.fault("expression", f"with.prompt must give text, not {prompt!r}")
    approvers = _names(step, human.approvers, "approvers")
    channels = _names(step, human.channels, "channels")
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
    if channels:
        step.frame["channels"] = channels
        step.frame["untold"] = _notices(step, channels, "asked")
    if channels and human.remind is not None:
        step.frame["remind"] = max(step.duration(human.remind), LEAST_REMINDER)
        step.frame["remind_at"] = step.runtime.now() + step.frame["remind"]
    step.engine.observer.asked(step.task, step.scope, step.frame["began"], step.given, asked)


def _escalate(escalation: Escalation, step: Step) -> None:
    """Ask the same question again, of others if there are any: an answer that is under way counts as well."""
    frame, now = step.frame, step.runtime.now()
    asked: dict[str, Any] = dict(frame["asked"])
    seconds = float(asked["seconds"]) if escalation.timeout is None else step.duration(escalation.timeout)
    frame["escalated"], frame["until"] = True, now + seconds
    asked |= {"seconds": round(seconds), "timeout_at": iso8601(frame["until"])}
    if escalation.approvers is not None:
        asked["approvers"] = _names(step, escalation.approvers, "escalate.approvers")
    frame["asked"] = asked
    channels = frame.get("channels", [])
    if escalation.channels is not None:
        channels = _names(step, escalation.channels, "escalate.channels")
    frame["untold"] = _notices(step, channels, "escalated")
    step.engine.observer.asked(step.task, step.scope, frame["began"], step.given, asked)


def _names(step: Step, template: Template | None, key: str) -> list[str]:
    names = [] if template is None else step.evaluate(template)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise step.fault("expression", f"with.{key} must give a list of names, not {names!r}")
    return names


def _notices(step: Step, channels: list[str], why: str) -> list[Json]:
    """What is to be sent, each with its key; they are kept in the frame until they are sent."""
    asked = step.frame["asked"]
    return [
        {
            "channel": channel,
            "recipients": asked["approvers"],
            "subject": SUBJECTS[why],
            "body": asked["prompt"],
            "metadata": {
                "reason": why,
                "execution": step.lookup("workflow")["id"],
                "task": step.task.pointer,
                "request": asked["id"],
                "timeoutAt": asked["timeout_at"],
            },
            "key": step.runtime.uuid(),
        }
        for channel in channels
    ]


async def _tell_all(step: Step) -> None:
    """Send what is to be sent. A channel that fails does not end the question, one that does not exist does."""
    while step.frame.get("untold"):
        notice = step.frame["untold"][0]
        try:
            await step.runtime.execute(Call(NOTIFY, dict(notice), summary=f"notify {notice['channel']}"))
        except Fault as error:
            if str(error.error["type"]).endswith("/configuration"):
                raise
        step.frame["untold"].pop(0)
    step.frame.pop("untold", None)


async def _accepted_late(step: Step, request: str) -> dict[str, Json] | None:
    """The time is up here; an answer that the server took in time may still be on its way."""
    argument: dict[str, Json] = {"request": request}
    found: dict[str, Json] | None = await step.runtime.execute(Call(READ_ANSWER, argument, repeatable=True))
    return found


def _timed_out(human: HumanInput, step: Step) -> Outcome:
    now, denial = step.runtime.now(), human.denial
    policy = human.on_timeout if human.escalation is None else human.escalation.on_timeout
    if policy != DENY or denial is None:
        raise step.fault("timeout", f"nobody answered {step.task.name!r} in time")
    step.engine.observer.auto_resolved(step.task, step.scope, now, denial.name)
    return Outcome(
        {"outcome": denial.name, "data": {}, "comment": "nobody answered in time", "reviewer": ""}, denial.then
    )
