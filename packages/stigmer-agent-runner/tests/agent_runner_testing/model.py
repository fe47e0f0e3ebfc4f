"""A real HTTP endpoint that speaks the OpenAI chat API: scripted by counting turns, with faults on demand."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Turn:
    """What the model answers. calls: (tool, arguments); gate: wait for it after the first words; call_id: instead
    of a new one."""

    say: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    gate: asyncio.Event | None = None
    raw_arguments: str | None = None
    call_id: str | None = None


RUBBISH = {
    "garbage": ("text/html", b"<html>?</html>"),
    "a list": ("application/json", b"[1, 2]"),
    "no text": ("text/event-stream", b""),
    "only the end": ("text/event-stream", b"data: [DONE]\n\n"),
    "no choices": ("text/event-stream", b'data: {"choices": []}\n\ndata: [DONE]\n\n'),
    "broken chunk": ("text/event-stream", b'data: {"choices": [{"del\n\ndata: [DONE]\n\n'),
    "an error in the stream": ("text/event-stream", b'data: {"error": {"message": "out of memory"}}\n\n'),
    "choices of a wrong type": ("text/event-stream", b'data: {"id": "x", "choices": "yes"}\n\ndata: [DONE]\n\n'),
}
"""Answers with status 200 that are none."""


@dataclass
class ModelServer:
    """Start it with `async with`. `script` maps a text in the last user message to turns; `faults` come first."""

    script: dict[str, list[Turn]] = field(default_factory=dict)
    faults: list[int | str | tuple[int, str]] = field(default_factory=list)
    """A status, a status with a line of headers, overflow, cut, silent, or the name of a body of `RUBBISH`."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    port: int = 0
    silence: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it to end what the fault `silent` holds."""
    _server: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        """What goes into llm.base_url."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.silence.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._server.wait_closed(), 5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            self.keys.append(head.split("authorization:")[1].split("\r\n")[0].strip())
            request = json.loads(await reader.readexactly(length))
            self.requests.append(request)
            await self._answer(request, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        fault = self.faults.pop(0) if self.faults else None
        status, more = fault if isinstance(fault, tuple) else (fault, "")
        if isinstance(status, int):
            body = json.dumps({"error": {"message": f"injected {status}", "type": "test"}}).encode()
            more = f"{more}\r\n" if more else ""
            writer.write(_head(status, "application/json", f"{more}content-length: {len(body)}\r\n") + body)
        elif fault == "overflow":
            error = {"message": "maximum context length is 8 tokens", "code": "context_length_exceeded", "type": "x"}
            body = json.dumps({"error": error}).encode()
            writer.write(_head(400, "application/json", f"content-length: {len(body)}\r\n") + body)
        elif fault in RUBBISH:
            kind, body = RUBBISH[str(fault)]
            writer.write(_head(200, kind, f"content-length: {len(body)}\r\n") + body)
        elif fault == "silent":
            await self.silence.wait()
        else:
            writer.write(_head(200, "text/event-stream", ""))
            await self._stream(request, writer, cut=fault == "cut")
        await writer.drain()

    async def _stream(self, request: dict[str, Any], writer: asyncio.StreamWriter, *, cut: bool) -> None:
        turn, number = self._turn(request)
        for at, delta in enumerate(_deltas(turn, len(self.requests))):
            writer.write(_event(request, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))
            await writer.drain()
            if at == 1 and turn.gate is not None:
                await turn.gate.wait()
            if at == 1 and cut:
                writer.transport.abort()
                return
        reason = "tool_calls" if turn.calls else "stop"
        writer.write(_event(request, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
        usage = {"prompt_tokens": 10, "completion_tokens": 5 + number, "total_tokens": 15 + number}
        writer.write(_event(request, {"choices": [], "usage": usage}))
        writer.write(b"data: [DONE]\n\n")

    def _turn(self, request: dict[str, Any]) -> tuple[Turn, int]:
        """Stateless choice: the number of assistant messages after the last user message."""
        messages = request["messages"]
        last = max(at for at, message in enumerate(messages) if message["role"] == "user")
        text = _text(messages[last])
        number = sum(message["role"] == "assistant" for message in messages[last:])
        turns = next((turns for key, turns in self.script.items() if key in text), None)
        if turns is None:
            users = [_text(message) for message in messages if message["role"] == "user"]
            return Turn(f"I heard: {' | '.join(users)}"), number
        return turns[number], number


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _deltas(turn: Turn, salt: int) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    for word in turn.say.split(" ") if turn.say else ():
        yield {"content": f"{word} "}
    for index, (name, args) in enumerate(turn.calls):
        text = turn.raw_arguments if turn.raw_arguments is not None else json.dumps(args)
        call_id = f"call_{salt}_{index}" if turn.call_id is None else turn.call_id
        head = {"index": index, "id": call_id, "type": "function"}
        yield {"tool_calls": [{**head, "function": {"name": name, "arguments": ""}}]}
        for at in range(0, len(text), 20):
            yield {"tool_calls": [{"index": index, "function": {"arguments": text[at : at + 20]}}]}


def _event(request: dict[str, Any], body: dict[str, Any]) -> bytes:
    data = {"id": "chat-1", "object": "chat.completion.chunk", "created": 1, "model": request["model"], **body}
    return f"data: {json.dumps(data)}\n\n".encode()


def _head(status: int, kind: str, more: str) -> bytes:
    return f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nconnection: close\r\n{more}\r\n".encode()
