"""Keeps the raw arguments of streamed tool calls: LangChain completes cut-off JSON by guessing, which must not run."""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk


class RawArguments(AsyncCallbackHandler):
    """A callback of the model. Call clear() before an attempt and broken() after it."""

    run_inline = True

    def __init__(self) -> None:
        self._calls: ContextVar[dict[int, tuple[str, str]]] = ContextVar("stigmer_raw_arguments")

    def clear(self) -> None:
        """Forget the attempt before. Sub-agents that work at the same time have contexts of their own."""
        self._calls.set({})

    def broken(self) -> list[str]:
        """Names of the tools whose arguments are not a JSON object."""
        return [name for name, text in self._calls.get({}).values() if text.strip() and not _is_object(text)]

    async def on_llm_new_token(
        self,
        token: Any,
        *,
        chunk: GenerationChunk | ChatGenerationChunk | None = None,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Collect the pieces of each call."""
        message = chunk.message if isinstance(chunk, ChatGenerationChunk) else None
        calls = self._calls.get(None)
        if isinstance(message, AIMessageChunk) and calls is not None:
            for piece in message.tool_call_chunks:
                name, text = calls.get(piece["index"] or 0, ("", ""))
                calls[piece["index"] or 0] = (piece["name"] or name, text + (piece["args"] or ""))


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
