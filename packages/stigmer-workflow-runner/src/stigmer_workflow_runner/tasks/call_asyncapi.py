"""`call: asyncapi`: publishes one message, or consumes messages until its policy is fulfilled.

Frame of a subscription: `got` the outputs so far, `queue` messages that were received and not yet looked at, `ended`
whether no more will come, `until` when the time is over, `cur` the message that `foreach` works on, with its frame `b`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import END
from stigmer_api.dsl.tasks.call_asyncapi import AsyncApiCall, Subscription
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.outbound import Parcel
from stigmer_workflow_runner.runtime import Call, DeadlineReachedError
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_openapi import send_described
from stigmer_workflow_runner.tasks.listen import iterate

BATCH: Final = 50
WAIT_SECONDS: Final = 60.0
LULL_SECONDS: Final = 0.05


async def run_call_asyncapi(call: AsyncApiCall, step: Step) -> Outcome:
    """Publish or subscribe."""
    if call.subscription is None:
        parcel = Parcel(step)
        message = {"payload": parcel.take(call.payload), "headers": parcel.take(call.headers)}
        argument = parcel.close({**_target(call, parcel, step), "message": message})
        return Outcome(await send_described("asyncapi_publish", argument, step, f"publish {call.label}"))
    frame = step.frame
    if "got" not in frame:
        frame.update(got=[], queue=[], ended=False)
        if call.subscription.duration is not None:
            frame["until"] = step.runtime.now() + step.duration(call.subscription.duration)
    try:
        outcome = await _consume(call, call.subscription, step)
    except (asyncio.CancelledError, DeadlineReachedError):
        await _leave(step)
        raise
    if not frame["ended"]:
        await _leave(step)
    return outcome


def _target(call: AsyncApiCall, parcel: Parcel, step: Step) -> dict[str, Any]:
    return {
        "document": parcel.resource(call.document),
        "operation": None if call.operation is None else step.evaluate(call.operation),
        "channel": None if call.channel is None else step.evaluate(call.channel),
        "server": call.server,
        "variables": parcel.take(call.variables),
        "protocol": call.protocol,
        "authentication": parcel.authentication(call.authentication),
    }


async def _consume(call: AsyncApiCall, wanted: Subscription, step: Step) -> Outcome:
    frame = step.frame
    amount = None if wanted.amount is None else _amount(wanted, step)
    while True:
        if "cur" in frame:
            over = await _each(wanted, step)
            if over is not None:
                return over
        if amount is not None and len(frame["got"]) >= amount:
            return Outcome(frame["got"])
        if wanted.until is not None and step.test(wanted.until, frame["got"]):
            return Outcome(frame["got"])
        await step.engine.safe_point()
        if frame["queue"]:
            frame["cur"] = frame["queue"].pop(0)
            continue
        remaining = WAIT_SECONDS if "until" not in frame else frame["until"] - step.runtime.now()
        if frame["ended"] or remaining <= 0:
            return Outcome(frame["got"])
        await _receive(call, wanted, step, amount, min(remaining, WAIT_SECONDS))


def _amount(wanted: Subscription, step: Step) -> int:
    value = step.evaluate(wanted.amount) if wanted.amount is not None else None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise step.fault("expression", f"consume.amount must give a whole number from 1, not {value!r}")
    return value


async def _receive(call: AsyncApiCall, wanted: Subscription, step: Step, amount: int | None, wait: float) -> None:
    """Ask for messages. With an amount and no tasks in between, one connection brings all of them."""
    frame, parcel = step.frame, Parcel(step)
    together = amount is not None and wanted.foreach is None
    left = BATCH if amount is None else amount - len(frame["got"])
    argument: dict[str, Any] = {
        **_target(call, parcel, step),
        "message": None,
        "filter": _filter(wanted, step),
        "limit": min(left, BATCH),
        "wait": wait,
        "last": "until" in frame and wait < WAIT_SECONDS,
        "lull": None if together else LULL_SECONDS,
        "more": not (together and left <= BATCH),
    }
    received = await send_described("asyncapi_receive", parcel.close(argument), step, f"receive {call.label}")
    frame["queue"] = received["messages"]
    frame["ended"] = received["ended"]


def _filter(wanted: Subscription, step: Step) -> Json:
    """The filter for the activity, with what it refers to: messages that it refuses cost no history."""
    if wanted.filter is None:
        return None
    variables = {name: step.lookup(name) for name in sorted(wanted.filter.variables)}
    return {"text": wanted.filter.text, "variables": variables, "now": step.runtime.now()}


async def _each(wanted: Subscription, step: Step) -> Outcome | None:
    """Work on the current message; the outcome when it was the last one."""
    frame = step.frame
    result, then = frame["cur"], None
    if wanted.foreach is not None:
        outcome = await iterate(wanted.foreach, step)
        result, then = outcome.output, outcome.then
    frame["got"].append(result)
    for key in ("cur", "b"):
        frame.pop(key, None)
    if then == END:
        return Outcome(frame["got"], END)
    if wanted.condition is not None and not step.test(wanted.condition, frame["got"]):
        return Outcome(frame["got"])
    return None


async def _leave(step: Step) -> None:
    if "key" in step.frame:
        await step.runtime.cleanup(Call("asyncapi_leave", {"key": step.frame["key"]}, repeatable=True))
