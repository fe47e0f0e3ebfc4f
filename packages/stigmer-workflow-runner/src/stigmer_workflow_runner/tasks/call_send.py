"""`call: signal` and `call: notify`: one activity each; the output is the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.tasks.call_send import NotifyCall, SignalCall
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.runtime import Call
from stigmer_workflow_runner.step import Step

SEND_SIGNAL: Final = "send_signal"
NOTIFY: Final = "notify"


async def run_call_signal(call: SignalCall, step: Step) -> Outcome:
    """Send it through the server, once however often the activity is repeated."""
    payload = step.given if call.payload is None else step.evaluate(call.payload)
    if not isinstance(payload, Mapping):
        if call.payload is not None:
            raise step.fault("expression", f"with.payload must give an object, not {payload!r}")
        payload = {}
    argument: dict[str, Json] = {
        "execution": _text(step, call.execution, "execution"),
        "signal": _text(step, call.signal, "signal"),
        "payload": payload,
        "key": step.frame.setdefault("key", step.runtime.uuid()),
    }
    await step.runtime.execute(Call(SEND_SIGNAL, argument, repeatable=True, summary=f"signal {argument['signal']}"))
    return Outcome(step.given)


async def run_call_notify(call: NotifyCall, step: Step) -> Outcome:
    """Give the message to the channel."""
    recipients, metadata = step.evaluate(call.recipients), step.evaluate(call.metadata)
    if not isinstance(recipients, list) or not all(isinstance(item, str) for item in recipients):
        raise step.fault("expression", f"with.recipients must give a list of texts, not {recipients!r}")
    if not isinstance(metadata, Mapping):
        raise step.fault("expression", f"with.metadata must give an object, not {metadata!r}")
    argument: dict[str, Json] = {
        "channel": _text(step, call.channel, "channel"),
        "recipients": recipients,
        "subject": str(step.evaluate(call.subject) or ""),
        "body": _text(step, call.body, "body"),
        "metadata": metadata,
        "key": step.frame.setdefault("key", step.runtime.uuid()),
    }
    await step.runtime.execute(Call(NOTIFY, argument, summary=f"notify {argument['channel']}"))
    return Outcome(step.given)


def _text(step: Step, template: Template, name: str) -> str:
    value = step.evaluate(template)
    if not isinstance(value, str) or not value:
        raise step.fault("expression", f"with.{name} must give text, not {value!r}")
    return value
