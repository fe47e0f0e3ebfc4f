"""`call: activity`: an activity of the user's own worker. Its result is the output."""

from __future__ import annotations

from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.model import Duration
from stigmer_api.dsl.tasks.call_activity import OUR_QUEUES, ActivityCall
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.runtime import Call, Elsewhere
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_http import DEFAULT_TIMEOUT

ACTIVITY: Final = "activity"
PICKUP_SECONDS: Final = 60.0
"""How long a worker may take to begin when the document says nothing."""


async def run_call_activity(call: ActivityCall, step: Step) -> Outcome:
    """Hand it to Temporal, and wait for as long as the attempts may take."""
    name, queue = _text(step, call.name, "name"), _text(step, call.queue, "taskQueue")
    if queue in OUR_QUEUES:
        raise step.fault("authorization", f"with.taskQueue: {queue!r} belongs to a runner: use a queue of your own")
    arguments = step.evaluate(call.arguments)
    if not isinstance(arguments, list):
        raise step.fault("expression", f"with.arguments must give a list, not {arguments!r}")
    timeout = _seconds(step, call.start_to_close)
    if timeout is None:
        left = step.frame["deadline"] - step.runtime.now() if "deadline" in step.frame else DEFAULT_TIMEOUT
        timeout = max(left, 0.001)
    pickup = _seconds(step, call.schedule_to_start)
    elsewhere = Elsewhere(
        name,
        queue,
        tuple(arguments),
        PICKUP_SECONDS if pickup is None else pickup,
        _seconds(step, call.heartbeat),
        _retry(call, step),
    )
    argument: dict[str, Json] = {"name": name, "queue": queue, "arguments": arguments}
    summary = f"activity {name}"[:200]
    return Outcome(await step.runtime.execute(Call(ACTIVITY, argument, timeout, summary=summary, elsewhere=elsewhere)))


def _retry(call: ActivityCall, step: Step) -> tuple[float, float, float | None, int, tuple[str, ...]] | None:
    if call.retry is None:
        return None
    retry = call.retry
    return (
        step.duration(retry.initial),
        retry.coefficient,
        _seconds(step, retry.maximum),
        retry.attempts,
        retry.final,
    )


def _seconds(step: Step, duration: Duration | None) -> float | None:
    if duration is None:
        return None
    seconds = step.duration(duration)
    if seconds <= 0:
        raise step.fault("expression", "the times of an activity must be above 0")
    return seconds


def _text(step: Step, template: Template, name: str) -> str:
    value = step.evaluate(template)
    if not isinstance(value, str) or not value:
        raise step.fault("expression", f"with.{name} must give text, not {value!r}")
    return value
