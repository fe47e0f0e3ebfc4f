"""One method of an A2A agent, over JSON-RPC and HTTP. A stream of answers is a list."""

from __future__ import annotations

import json
from typing import Any, Final

from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities import json_rpc
from stigmer_workflow_runner.activities.credentials import Authenticator
from stigmer_workflow_runner.activities.documents import Documents
from stigmer_workflow_runner.activities.web import Request, Web
from stigmer_workflow_runner.activities.world import Opened, World
from stigmer_workflow_runner.errors import fault

STREAMING: Final = ("message/stream", "tasks/resubscribe")
MESSAGES: Final = ("message/send", "message/stream")


class A2aCalls:
    """The A2A activity."""

    def __init__(self, web: Web, world: World, authenticator: Authenticator, documents: Documents) -> None:
        self._web, self._world, self._authenticator, self._documents = web, world, authenticator, documents

    @activity.defn(name="a2a")
    async def call(self, argument: dict[str, Any]) -> Any:
        """`{output, documents}` of one method."""
        return await self._world.run(argument, f"a2a {argument['method']}", self._call)

    async def _call(self, opened: Opened) -> Json:
        argument = opened.argument
        used: dict[str, str] = {}
        server = argument["server"] or {"uri": await self._address(opened, used), **_authentication(argument)}
        policy, uri, method = server["authentication"], server["uri"], argument["method"]
        credentials = await self._authenticator.of(policy, opened)
        opened.authorize(credentials and credentials.shown)
        message = json_rpc.request(1, method, _parameters(argument))
        streaming = method in STREAMING
        headers = {
            "Accept": "text/event-stream" if streaming else "application/json",
            "Content-Type": "application/json",
            "Idempotency-Key": argument["key"],
        }
        request = Request("POST", uri, headers, content=json.dumps(message).encode())
        answer = await self._authenticator.send(request, policy, opened, credentials)
        answer.check(request.label)
        label = f"a2a {method}"
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            result = json_rpc.result_of(json_rpc.parsed(answer.body, label), label)
            return {"output": [result] if streaming else result, "documents": used}
        lines = _lines(answer.body.decode("utf-8", "replace"))
        found = json_rpc.events(lines, self._web.max_bytes, label)
        return {
            "output": [json_rpc.result_of(json_rpc.parsed(data, label), label) async for data in found],
            "documents": used,
        }

    async def _address(self, opened: Opened, used: dict[str, str]) -> str:
        """Where the agent of a card speaks JSON-RPC."""
        document = await self._documents.load(opened.argument["agentCard"], opened, opened.argument["pins"])
        used[document.uri] = document.sha256
        card = await self._documents.value(document)
        card = card if isinstance(card, dict) else {}
        others = [*(card.get("supportedInterfaces") or []), *(card.get("additionalInterfaces") or [])]
        if card.get("url") and str(card.get("preferredTransport", "JSONRPC")).upper() == "JSONRPC":
            return str(card["url"])
        for item in others:
            if str(item.get("transport") or item.get("protocolBinding") or "").upper() == "JSONRPC":
                return str(item["url"])
        raise fault("configuration", f"the agent card {document.uri} names no address for JSON-RPC")


async def _lines(text: str) -> Any:
    for line in text.splitlines():
        yield line


def _authentication(argument: dict[str, Any]) -> dict[str, Any]:
    return {"authentication": argument["agentCard"]["authentication"]}


def _parameters(argument: dict[str, Any]) -> Json:
    """The parameters; a message without id gets one that a repeated call has again, and is the user's."""
    parameters = argument["parameters"]
    if parameters is None:
        return None
    if not isinstance(parameters, dict):
        raise fault("expression", "with.parameters must give an object")
    if argument["method"] in MESSAGES and isinstance(parameters.get("message"), dict):
        defaults = {"messageId": argument["key"], "role": "user"}
        return {**parameters, "message": {**defaults, **parameters["message"]}}
    return parameters
