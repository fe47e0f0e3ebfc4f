"""Shows an agent execution as it goes: its messages word by word, its tool calls with arguments and results."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict

from stigmer_cli.columns import phase
from stigmer_cli.following.phases import STYLES, span
from stigmer_cli.following.questions import described, how_to_answer
from stigmer_cli.following.transcript import Transcript
from stigmer_cli.output import one_line

MAX_SHOWN = 400

_PREFIXES = {
    "MESSAGE_HUMAN": "you: ",
    "MESSAGE_AI": "agent: ",
    "MESSAGE_SYSTEM": "note: ",
    "MESSAGE_THINKING": "thinking: ",
}

_ENDED = {"TOOL_CALL_COMPLETED", "TOOL_CALL_FAILED", "TOOL_CALL_SKIPPED", "TOOL_CALL_INTERRUPTED"}


class AgentView:
    """What was already shown of one agent execution. indent: set for one that a workflow called."""

    def __init__(self, transcript: Transcript, indent: str = "") -> None:
        self._out = transcript
        self._indent = indent
        self._phase = ""
        self._texts: dict[str, str] = {}
        self._calls: dict[str, str] = {}
        self._waiting: set[str] = set()
        self.execution: Any = None

    def update(self, execution: Any) -> None:
        """Show what is new in a later state of the execution."""
        self.execution = execution
        now = phase(execution)
        if now != self._phase and now not in {"COMPLETED", "UNSPECIFIED"} and not (self._indent and now == "PENDING"):
            self._out.line(f"agent {now}", indent=self._indent, style=STYLES.get(now, "dim"))
        for index, message in enumerate(execution.status.messages):
            self._message(message.id or str(index), message)
        for item in execution.status.pending_approvals:
            self._approval(item)
        if now != self._phase and now == "COMPLETED":
            self._out.line(f"agent COMPLETED{span(execution.status)}", indent=self._indent, style="green")
        if now == "FAILED" and now != self._phase and execution.status.error:
            self._out.line(f"error: {execution.status.error}", indent=self._indent, style="red")
        self._phase = now

    def _message(self, key: str, message: Any) -> None:
        kind = message.DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number[message.type].name
        if kind in _PREFIXES:
            self._text(key, kind, message)
        for index, call in enumerate(message.tool_calls):
            self._call(call.id or f"{key}/{index}", call)

    def _text(self, key: str, kind: str, message: Any) -> None:
        shown, text = self._texts.get(key), message.content
        owner = f"{id(self)}/{key}"
        if text and text != shown:
            if shown is None or not text.startswith(shown):
                self._out.close(owner)  # first seen, or said anew after a retry
                shown = ""
            prefix = _PREFIXES[kind]
            self._out.grow(owner, prefix if shown == "" else "… ", text[len(shown) :], indent=self._indent)
            self._texts[key] = text
        if not message.is_streaming:
            self._out.close(owner)

    def _call(self, key: str, call: Any) -> None:
        status = call.DESCRIPTOR.fields_by_name["status"].enum_type.values_by_number[call.status].name
        shown = self._calls.get(key)
        if shown == status or (call.is_streaming and status not in _ENDED):
            return
        if shown is None:
            arguments = json.dumps(MessageToDict(call.args), ensure_ascii=False) if call.HasField("args") else ""
            text = one_line(arguments or call.args_preview or "{}", MAX_SHOWN)
            self._out.line(f"tool {call.name} {text}", indent=self._indent, style="cyan")
        if status in _ENDED:
            failed = status != "TOOL_CALL_COMPLETED"
            outcome = one_line(call.error or call.result or "(no result)", MAX_SHOWN)
            word = status.removeprefix("TOOL_CALL_").lower() + ": " if failed else ""
            text = f"tool {call.name} -> {word}{outcome}{span(call)}"
            self._out.line(text, indent=self._indent, style="red" if failed else "dim")
        self._calls[key] = status

    def _approval(self, item: Any) -> None:
        key = item.request_id or item.tool_call_id
        if key in self._waiting:
            return
        self._waiting.add(key)
        self._out.line(f"waiting for approval: {described(item)}", indent=self._indent, style="yellow")
        waiting = len(self.execution.status.pending_approvals)
        how = how_to_answer(self.execution.metadata.id, item, waiting)
        self._out.line(f"  {how}", indent=self._indent, style="yellow")
