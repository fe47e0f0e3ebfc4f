"""Shows one turn of a chat: words as they come, tool calls, to-dos; not what the user typed, and no phases."""

from __future__ import annotations

from typing import Any

from stigmer_cli.columns import phase
from stigmer_cli.following.agent_view import AgentView
from stigmer_cli.following.phases import STYLES
from stigmer_cli.following.transcript import Transcript

__all__ = ["ChatView"]

MESSAGE_HUMAN = "MESSAGE_HUMAN"

_BOXES = {"TODO_COMPLETED": "[x]", "TODO_IN_PROGRESS": "[>]", "TODO_CANCELLED": "[-]"}
_QUIET = {"PENDING", "IN_PROGRESS", "COMPLETED", "WAITING_FOR_APPROVAL", "UNSPECIFIED"}


class ChatView(AgentView):
    """The view of one execution of a session. Questions are shown by those who ask them."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__(transcript)
        self._todos = ""

    def update(self, execution: Any) -> None:
        """Show what is new."""
        self.execution = execution
        for index, message in enumerate(execution.status.messages):
            if _name(message, "type") != MESSAGE_HUMAN:
                self._message(message.id or str(index), message)
        self._show_todos(execution)
        now = phase(execution)
        if now != self._phase and now not in _QUIET:
            error = f": {execution.status.error}" if execution.status.error else ""
            self._out.line(f"{now.lower()}{error}", style=STYLES.get(now, "dim"))
        self._phase = now

    def _show_todos(self, execution: Any) -> None:
        todos = sorted(execution.status.todos.values(), key=lambda item: (item.created_at, item.id))
        shown = "\n".join(f"  {_BOXES.get(_name(item, 'status'), '[ ]')} {item.content}" for item in todos)
        if shown != self._todos:
            self._todos = shown
            for line in shown.splitlines():
                self._out.line(line, style="dim")


def _name(message: Any, field: str) -> str:
    """The name of an enum's value."""
    numbers = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(numbers[getattr(message, field)].name)
