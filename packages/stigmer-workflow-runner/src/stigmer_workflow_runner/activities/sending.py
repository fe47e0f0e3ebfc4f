"""Signals to running executions, and messages to people through channels of the settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_api.messages import message_class
from stigmer_workflow_runner.activities.failures import failure, no_surprises, server_errors
from stigmer_workflow_runner.activities.web import Request, Web
from stigmer_workflow_runner.activities.world import Opened, World
from stigmer_workflow_runner.errors import error_object
from stigmer_workflow_runner.tasks.call_send import NOTIFY, SEND_SIGNAL

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

_SIGNAL = "ai.stigmer.agentic.workflowexecution.v1.SendSignalInput"


class Signals:
    """The activity that sends a signal through the server."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @activity.defn(name=SEND_SIGNAL)
    async def send(self, argument: dict[str, Any]) -> None:
        """Send `{execution, signal, payload, key}`; the key keeps a repeated call from arriving twice."""
        doing = f"sending the signal {argument['signal']!r} to {argument['execution']}"
        with no_surprises(doing), server_errors(doing):
            request: Any = message_class(_SIGNAL)(
                execution_id=argument["execution"], signal_name=argument["signal"], idempotency_key=argument["key"]
            )
            request.payload.update(argument["payload"])
            await self._client.call("workflow_execution", "sendSignal", request)


class Notifications:
    """The activity that posts a message. `channels` are URLs by name; they may hold secrets and are never told."""

    def __init__(self, web: Web, world: World, channels: Mapping[str, str]) -> None:
        self._web, self._world, self._channels = web, world, dict(channels)

    @activity.defn(name=NOTIFY)
    async def notify(self, argument: dict[str, Any]) -> Any:
        """Post `{channel, recipients, subject, body, metadata}` as JSON to the channel's URL."""
        return await self._world.run(argument, f"the channel {argument['channel']!r}", self.post)

    async def post(self, opened: Opened) -> Json:
        """Post without Temporal around it."""
        message = {key: opened.argument[key] for key in ("channel", "recipients", "subject", "body", "metadata")}
        name, key = message["channel"], opened.argument["key"]
        url = self._channels.get(name)
        if url is None:
            known = ", ".join(sorted(self._channels)) or "there is none"
            detail = (
                f"no notification channel {name!r} in STIGMER_NOTIFICATION_CHANNELS (workflow_runner.channels): {known}"
            )
            raise failure(error_object("configuration", detail))
        opened.redactor.add([url])
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        answer = await self._web.send(
            Request("POST", url, headers, (), json.dumps(message, ensure_ascii=False).encode())
        )
        answer.check(f"the channel {name!r}")
        return None
