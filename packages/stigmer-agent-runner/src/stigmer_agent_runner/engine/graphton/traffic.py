"""Records what goes to and comes from a model's endpoint, and plays it again: at the wire, with the real client.

A recording is JSON lines: one per answered request, with the key it is found by. The key is a hash over the messages
and the names of the tools, without what differs from run to run (ids of tool calls, the system prompt, the model):
so a replay needs no counting, and a run that resumes finds its answers like any other. Secrets are taken out of both
sides before they are hashed or written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2

from stigmer_agent_runner.errors import ModelError

__all__ = ["RecordingTransport", "ReplayTransport", "recording_file"]

_FORMAT = 1
_CALL_KEYS = ("id", "tool_call_id")
_KEPT_HEADERS = ("content-type",)
_ENDS = (b"\ndata: [DONE]", b"event: message_stop")
"""Last events of streamed answers, by API."""

Redact = Callable[[str], str]


def recording_file(data: Path, name: str) -> Path:
    """Where the recording of this name lies below the home's `data`. Raises ModelError for no name of one."""
    if not name or not all(part.isalnum() or part in "._-" for part in name) or name.startswith("."):
        text = f"{name!r} is no name of a recording: letters, digits, dots, hyphens and underscores"
        raise ModelError(text, kind="model_not_resolved")
    return data / "recordings" / f"{name}.jsonl"


class RecordingTransport(httpx2.AsyncBaseTransport):
    """Passes everything on, and appends each complete answer of status 200 to a file (0600)."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, path: Path, redact: Redact) -> None:
        self._inner = inner
        self._path = path
        self._redact = redact

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """See AsyncBaseTransport."""
        key = _key_of(await request.aread(), self._redact)
        response = await self._inner.handle_async_request(request)
        if response.status_code != 200 or key is None:
            return response
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}

        def complete(body: bytes) -> None:
            text = self._redact(body.decode("utf-8", errors="replace"))
            self._append({"format": _FORMAT, "key": key, "status": 200, "headers": headers, "body": text})

        return httpx2.Response(
            200, headers=response.headers, stream=_Copied(response, complete), extensions=response.extensions
        )

    async def aclose(self) -> None:
        """See AsyncBaseTransport."""
        await self._inner.aclose()

    def _append(self, entry: dict[str, Any]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with open(handle, "a", encoding="utf-8") as file:  # noqa: PTH123 - an open file, not a path
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


class _Copied(httpx2.AsyncByteStream):
    """A stream that is passed on, and told when it came to its end; a reader may stop at the last event before it."""

    def __init__(self, response: httpx2.Response, complete: Callable[[bytes], None]) -> None:
        self._response = response
        self._complete = complete
        self._body = b""
        self._ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._response.aiter_raw():
            self._body += piece
            yield piece
        self._ended = True

    async def aclose(self) -> None:
        """See AsyncByteStream."""
        if self._ended or any(end in self._body for end in _ENDS):
            self._complete(self._body)
            self._ended, self._body = False, b""
        await self._response.aclose()


class ReplayTransport(httpx2.AsyncBaseTransport):
    """Answers from a recording. Raises ModelError, kind `replay_missing`, for a request that it does not hold."""

    def __init__(self, path: Path, redact: Redact) -> None:
        self._path = path
        self._redact = redact
        self._entries = _read(path)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """See AsyncBaseTransport."""
        body = await request.aread()
        key = _key_of(body, self._redact)
        entry = self._entries.get(key or "")
        if entry is None:
            raise ModelError(
                f"the recording {self._path.stem!r} has no answer to this request ({len(self._entries)} are recorded)."
                f" The conversation went another way: {_last_words(body)!r}. Record it again with llm.record.",
                kind="replay_missing",
            )
        return httpx2.Response(int(entry["status"]), headers=entry["headers"], content=str(entry["body"]).encode())


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The answers by key; of several the first, because a later one may answer a later try."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        text = f"there is no recording {path.stem!r} ({path}); make it with llm.record / STIGMER_LLM_RECORD"
        raise ModelError(text, kind="replay_missing") from error
    found: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            found.setdefault(entry["key"], entry)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"line {number} of the recording {path} is damaged", kind="replay_missing") from error
    return found


def _key_of(body: bytes, redact: Redact) -> str | None:
    """The key of a request; None for one that is no chat."""
    try:
        request = json.loads(redact(body.decode()))
        messages = [message for message in request["messages"] if message["role"] not in {"system", "developer"}]
        tools = sorted(tool.get("function", tool)["name"] for tool in request.get("tools") or ())
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    numbers: dict[str, int] = {}
    facts = [_plain(message, numbers) for message in messages]
    return hashlib.sha256(json.dumps([facts, tools], sort_keys=True).encode()).hexdigest()


def _plain(value: Any, numbers: dict[str, int]) -> Any:
    """A message without what differs from run to run: ids become numbers in the order in which they occur."""
    if isinstance(value, dict):
        return {
            key: numbers.setdefault(str(item), len(numbers)) if key in _CALL_KEYS else _plain(item, numbers)
            for key, item in value.items()
        }
    return [_plain(item, numbers) for item in value] if isinstance(value, list) else value


def _last_words(body: bytes) -> str:
    try:
        text = str(json.loads(body)["messages"][-1]["content"])
    except (ValueError, KeyError, TypeError, IndexError):
        return "?"
    return text if len(text) <= 120 else f"{text[:120]}…"
