"""JSON-RPC 2.0, as MCP and A2A use it: messages, errors, and answers that come as a stream of server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.web import communication

STATUS: Final[Mapping[int, int]] = {-32700: 400, -32600: 400, -32601: 404, -32602: 400, -32001: 404, -32002: 404}
"""The HTTP status that the error of a call has, by JSON-RPC's code; 500 for the others."""


def request(number: int, method: str, parameters: Json) -> dict[str, Json]:
    """A request; without parameters it has none."""
    message: dict[str, Json] = {"jsonrpc": "2.0", "id": number, "method": method}
    return message if parameters is None else {**message, "params": parameters}


def result_of(message: Json, label: str) -> Json:
    """The result of a response. Fails with a communication error when it is an error, or no response at all."""
    if not isinstance(message, dict) or ("result" not in message and "error" not in message):
        raise failure(communication(502, f"{label}: the answer is no JSON-RPC response"))
    error = message.get("error")
    if error is None:
        return message.get("result")
    code = error.get("code") if isinstance(error, dict) else None
    said = error.get("message") if isinstance(error, dict) else error
    status = STATUS.get(code, 500) if isinstance(code, int) else 500
    raise failure(communication(status, f"{label} answered with the error {code}: {said}"))


async def events(lines: AsyncIterator[str], max_bytes: int, label: str) -> AsyncIterator[str]:
    """The data of each server-sent event; one that is larger than `max_bytes` is a communication error."""
    data: list[str] = []
    size = 0
    async for line in lines:
        size += len(line)
        if size > max_bytes:
            raise failure(communication(502, f"{label}: an event is larger than {max_bytes} bytes"))
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data, size = [], 0
    if data:
        yield "\n".join(data)


def parsed(text: str | bytes, label: str) -> Any:
    """JSON text. Fails with a communication error when it is none."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise failure(communication(502, f"{label}: the answer is no JSON")) from error
