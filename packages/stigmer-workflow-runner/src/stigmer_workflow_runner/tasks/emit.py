"""`emit`: gives an event to all executions of the organisation that listen for it, through the server."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.emit import Emit
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.runtime import PUBLISH, Call
from stigmer_workflow_runner.state import iso8601
from stigmer_workflow_runner.step import Step

_TEXTS: Final = ("id", "source", "type", "subject", "datacontenttype", "dataschema", "time")


async def run_emit(emit: Emit, step: Step) -> Outcome:
    """Publish once, however often the call is repeated: the event and its key are made once and kept in the frame."""
    frame = step.frame
    if "event" not in frame:
        frame["event"] = _event(emit, step)
        frame["key"] = step.runtime.uuid()
    event: dict[str, Json] = frame["event"]
    argument: dict[str, Json] = {"event": event, "key": frame["key"]}
    await step.runtime.execute(Call(PUBLISH, argument, repeatable=True, summary=f"emit {event['type']}"[:200]))
    step.engine.observer.emitted(step.task, step.runtime.now(), event)
    return Outcome(event)


def _event(emit: Emit, step: Step) -> dict[str, Json]:
    workflow, given = step.engine.workflow, step.evaluate(emit.attributes)
    event: dict[str, Json] = {
        "specversion": "1.0",
        "id": step.runtime.uuid(),
        "source": f"/{workflow.namespace}/{workflow.name}/{workflow.version}",
        "time": iso8601(step.runtime.now()),
        **{name: value for name, value in given.items() if value is not None or name == "data"},
    }
    for name in _TEXTS:
        if name in event and (not isinstance(event[name], str) or not event[name]):
            raise step.fault("expression", f"event.with.{name} must give text, not {event[name]!r}")
    if "type" not in event:
        raise step.fault("expression", "event.with.type must give text, not None")
    try:
        datetime.fromisoformat(event["time"])
    except ValueError as error:
        raise step.fault("expression", f"event.with.time is no RFC 3339 time: {event['time']!r}") from error
    return event
