"""Publishes and receives messages of channels that an AsyncAPI document describes: HTTP, WebSocket, and in memory."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlsplit

from temporalio import activity
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedOK, WebSocketException

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, ExpressionFailedError, Meter, compile_expression
from stigmer_workflow_runner.activities import json_rpc
from stigmer_workflow_runner.activities.asyncapi_document import AsyncApi, Target, located
from stigmer_workflow_runner.activities.credentials import Authenticator, Credentials
from stigmer_workflow_runner.activities.documents import Documents
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.guard import HostRefusedError, refused
from stigmer_workflow_runner.activities.subscriptions import Bus, Subscription, Subscriptions
from stigmer_workflow_runner.activities.web import Request, Web, body_of, communication, lines_of
from stigmer_workflow_runner.activities.world import Opened, World
from stigmer_workflow_runner.errors import fault
from stigmer_workflow_runner.json_text import size_of
from stigmer_workflow_runner.requests import texts

CONNECT_SECONDS: Final = 10.0
MAX_BATCH_BYTES: Final = 500_000
_EVENT_STREAM: Final = "text/event-stream"


class AsyncApiCalls:
    """The activities of `call: asyncapi`."""

    def __init__(self, web: Web, world: World, authenticator: Authenticator, documents: Documents) -> None:
        self._web, self._world, self._authenticator, self._documents = web, world, authenticator, documents
        self.subscriptions = Subscriptions()
        self.bus = Bus()

    @activity.defn(name="asyncapi_publish")
    async def publish(self, argument: dict[str, Any]) -> Any:
        """`{output, documents}`; output is the message as it was sent."""
        return await self._world.run(argument, _label(argument), self._publish)

    @activity.defn(name="asyncapi_receive")
    async def receive(self, argument: dict[str, Any]) -> Any:
        """`{output: {messages, ended}, documents}`: what matches the filter, up to `limit` messages.

        Waits up to `wait` seconds for the first; with `lull`, no longer than that many seconds for each further one.
        With `last` the subscription has ended when the wait is over.
        """
        return await self._world.run(argument, _label(argument), self._receive)

    @activity.defn(name="asyncapi_leave")
    async def leave(self, argument: dict[str, Any]) -> None:
        """Close the subscription of the task with the key `{key}`, if it is here."""
        await self.subscriptions.leave(argument["key"])

    async def _target(self, opened: Opened) -> tuple[Target, Credentials | None, dict[str, str]]:
        argument = opened.argument
        document = await self._documents.load(argument["document"], opened, argument["pins"])
        credentials = await self._authenticator.of(argument["authentication"], opened)
        opened.authorize(credentials and credentials.shown)
        api = AsyncApi(await self._documents.value(document), document.uri)
        return api.target(argument, argument["message"]), credentials, {document.uri: document.sha256}

    async def _publish(self, opened: Opened) -> Json:
        target, credentials, used = await self._target(opened)
        argument, message = opened.argument, opened.argument["message"]
        headers = texts(message["headers"], "with.message.headers")
        if target.protocol == "memory":
            self.bus.publish(target.url, {"payload": message["payload"], "headers": headers})
        elif target.protocol in ("ws", "wss"):
            async with self._socket(target, credentials, headers) as socket:
                await socket.send(_text(message["payload"]))
        else:
            sent = {"Idempotency-Key": argument["key"], **headers}
            request = Request(target.method, target.url, sent, content=body_of(message["payload"], sent))
            answer = await self._authenticator.send(request, argument["authentication"], opened, credentials)
            answer.check(request.label)
        return {"output": message, "documents": used}

    async def _receive(self, opened: Opened) -> Json:
        argument = opened.argument
        target, credentials, used = await self._target(opened)

        def source() -> AsyncIterator[Json]:
            return self._messages(target, credentials)

        subscription = await self.subscriptions.of(argument["key"], source)
        try:
            messages, ended = await _batch(subscription, argument)
        except BaseException:
            await self.subscriptions.leave(argument["key"])
            raise
        if ended or not argument["more"]:
            await self.subscriptions.leave(argument["key"])
        return {"output": {"messages": messages, "ended": ended}, "documents": used}

    async def _messages(self, target: Target, credentials: Credentials | None) -> AsyncIterator[Json]:
        if target.protocol == "memory":
            async for message in self.bus.listen(target.url):
                yield _message(message["payload"], message["headers"], target)
        elif target.protocol in ("ws", "wss"):
            async with self._socket(target, credentials, {}) as socket:
                try:
                    async for data in socket:
                        yield _message(_value(data), {}, target)
                finally:
                    await socket.close()  # also when nobody wants more: that is no error of this side
        else:
            accept = f"{_EVENT_STREAM}, application/x-ndjson, application/json"
            request = Request("GET", target.url, {"Accept": accept})
            async with self._web.stream(request, None if credentials is None else credentials.auth) as response:
                if not 200 <= response.status_code < 300:
                    detail = f"{request.label} answered {response.status_code} {response.reason_phrase}"
                    raise failure(communication(response.status_code, detail))
                events = response.headers.get("content-type", "").startswith(_EVENT_STREAM)
                # A stream has no end to speak of: what is limited is one message.
                lines = lines_of(response, self._web.max_bytes, request.label)
                async for text in json_rpc.events(lines, self._web.max_bytes, request.label) if events else lines:
                    if text.strip():
                        yield _message(_value(text), {}, target)

    @contextlib.asynccontextmanager
    async def _socket(self, target: Target, credentials: Credentials | None, headers: dict[str, str]) -> Any:
        identity = None if credentials is None else credentials.identity
        if credentials is not None and identity is None:
            if credentials.header is None:
                raise fault("configuration", "digest authentication is for HTTP, not for WebSocket")
            headers = {**headers, "Authorization": credentials.header}
        uri = self._web.mapped(target.url)
        parts = urlsplit(uri)
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        if identity is not None and parts.scheme != "wss":
            raise fault("configuration", f"{parts.scheme}://{parts.hostname}: a certificate can be shown to wss only")
        try:
            address = await self._web.guard.address(parts.hostname or "", port)
            async with connect(
                uri,
                host=address,
                port=port,
                additional_headers=headers,
                open_timeout=CONNECT_SECONDS,
                max_size=self._web.max_bytes,
                proxy=None,
                ssl=None if identity is None else identity.context(),
            ) as socket:
                yield socket
        except HostRefusedError as error:
            raise refused(error, target.url) from error
        except ConnectionClosedOK:
            return
        except (OSError, WebSocketException) as error:
            raise failure(communication(503, f"{target.url}: {error}")) from error


async def _batch(subscription: Subscription, argument: dict[str, Any]) -> tuple[list[Json], bool]:
    """Messages that match, until there are enough of them, or none comes for a while."""
    wanted = _Filter(argument["filter"])
    messages: list[Json] = []
    size, deadline = 0, time.monotonic() + argument["wait"]
    while len(messages) < argument["limit"] and size < MAX_BATCH_BYTES:
        patience = deadline - time.monotonic()
        if messages and argument["lull"] is not None:
            patience = min(patience, argument["lull"])
        found = await subscription.next(max(patience, 0.0))
        if not found:
            over = argument["last"] and time.monotonic() >= deadline
            return messages, subscription.ended or over
        if wanted.matches(found[0]):
            messages.append(found[0])
            size += size_of(found[0])
    return messages, subscription.ended and subscription.waiting.empty()


class _Filter:
    """`{text, variables, now}` of an expression on a message; null matches all."""

    def __init__(self, described: dict[str, Any] | None) -> None:
        self._described = described
        self._expression: Expression | None = compile_expression(described["text"]) if described else None

    def matches(self, message: Json) -> bool:
        """Whether the expression is true on the message."""
        if self._expression is None or self._described is None:
            return True
        try:
            known = self._described["variables"]
            found = self._expression.evaluate(message, dict(known), self._described["now"], Meter())
        except ExpressionFailedError as error:
            raise fault("expression", str(error)) from error
        return found is not None and found is not False


def _message(payload: Json, headers: dict[str, str], target: Target) -> dict[str, Json]:
    message: dict[str, Json] = {"payload": payload, "headers": headers}
    correlation = located(target.correlation, message) if target.correlation else headers.get("correlationId")
    return message if correlation is None else {**message, "correlationId": str(correlation)}


def _value(data: str | bytes) -> Json:
    """A message's data: JSON, or else text."""
    try:
        return json.loads(data)
    except ValueError:
        return data if isinstance(data, str) else data.decode("utf-8", "replace")


def _text(payload: Json) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)


def _label(argument: dict[str, Any]) -> str:
    return f"asyncapi {argument['operation'] or argument['channel']}"
