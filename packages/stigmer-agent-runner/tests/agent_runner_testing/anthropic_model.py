"""A real HTTP endpoint that speaks Anthropic's messages API: one tool call, then an answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass
class AnthropicServer:
    """Start it with `async with`. status: answered instead of a message, once for each entry."""

    status: list[int] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    _server: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        """What goes into llm.base_url."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._server.wait_closed(), 5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            self.keys.append(head.split("authorization: bearer ")[1].split("\r\n")[0].strip())
            request = json.loads(await reader.readexactly(length))
            self.requests.append(request)
            if self.status:
                body = json.dumps({"type": "error", "error": {"type": "x", "message": "injected"}}).encode()
                _head(writer, self.status.pop(0), "application/json", len(body))
                writer.write(body)
            else:
                _head(writer, 200, "text/event-stream")
                for name, data in _events(request):
                    writer.write(f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode())
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def _head(writer: asyncio.StreamWriter, status: int, kind: str, length: int | None = None) -> None:
    size = "" if length is None else f"content-length: {length}\r\n"
    writer.write(f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{size}connection: close\r\n\r\n".encode())


def _events(request: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    asked = any(
        isinstance(message["content"], list) and "tool_result" in str(message) for message in request["messages"]
    )
    usage = {"input_tokens": 10, "output_tokens": 5}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": request["model"],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    if asked:
        block: dict[str, Any] = {"type": "text", "text": ""}
        delta: dict[str, Any] = {"type": "text_delta", "text": "It is written."}
        reason = "end_turn"
    else:
        block = {"type": "tool_use", "id": "toolu_1", "name": "write_file", "input": {}}
        delta = {"type": "input_json_delta", "partial_json": '{"file_path": "/a.txt", "content": "hi"}'}
        reason = "tool_use"
    return [
        ("message_start", {"message": message}),
        ("content_block_start", {"index": 0, "content_block": block}),
        ("content_block_delta", {"index": 0, "delta": delta}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": 5}}),
        ("message_stop", {}),
    ]
