"""Sub-agents in a status: each call of `task` with what happened inside it, reduced as the execution itself is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_agent_runner.engine import protocol as events
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from stigmer_agent_runner.status.reducer import StatusReducer

__all__ = ["SubAgents"]

_ENDED = {
    enum_pb2.TOOL_CALL_COMPLETED: enum_pb2.SUB_AGENT_COMPLETED,
    enum_pb2.TOOL_CALL_FAILED: enum_pb2.SUB_AGENT_FAILED,
    enum_pb2.TOOL_CALL_SKIPPED: enum_pb2.SUB_AGENT_CANCELLED,
    enum_pb2.TOOL_CALL_INTERRUPTED: enum_pb2.SUB_AGENT_CANCELLED,
}


class SubAgents:
    """The sub-agents of one status. Only what changed is taken; an element is always whole."""

    def __init__(
        self,
        status: status_pb2.AgentExecutionStatus,
        make: Callable[[status_pb2.AgentExecutionStatus], StatusReducer],
    ) -> None:
        self._status = status
        self._make = make
        self._items = {item.id: item for item in status.sub_agent_executions}
        self._inside: dict[str, StatusReducer] = {}
        self._changed: set[str] = set()

    @property
    def dirty(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._changed)

    def started(self, event: events.SubAgentStarted, at: str) -> None:
        """A sub-agent starts, or goes on."""
        item = self._items.get(event.call_id)
        if item is None:
            item = self._items[event.call_id] = self._status.sub_agent_executions.add(id=event.call_id)
        item.name, item.input, item.subject = event.name, event.input, event.subject
        item.status = enum_pb2.SUB_AGENT_IN_PROGRESS
        item.started_at = item.started_at or at
        self._changed.add(event.call_id)

    def apply(self, event: events.SubAgentEvent, at: str) -> None:
        """Apply what happened inside one. Streamed text is told when its turn is complete: elements travel whole."""
        item = self._items.get(event.call_id)
        if item is None:
            return  # of a call that was asked again and did not come back
        inside = self._inside.get(event.call_id)
        if inside is None:
            stored = status_pb2.AgentExecutionStatus(messages=item.messages, todos=item.todos)
            inside = self._inside[event.call_id] = self._make(stored)
        inside.apply(event.event, at)
        if not isinstance(event.event, events.TextDelta):
            self._changed.add(event.call_id)

    def closed(self, call_id: str, status: enum_pb2.ToolCallStatus, text: str, at: str) -> None:
        """The call that a sub-agent works for has ended."""
        item = self._items.get(call_id)
        if item is None or item.status == _ENDED[status]:
            return
        item.status = _ENDED[status]
        item.completed_at = at
        item.output, item.error = (text, "") if status == enum_pb2.TOOL_CALL_COMPLETED else ("", text)
        inside = self._inside.get(call_id)
        if inside is not None:
            inside.interrupt(at)
        self._changed.add(call_id)

    def take(self) -> list[status_pb2.SubAgentExecution]:
        """Return the elements that changed since the last take."""
        for call_id in self._changed:
            inside = self._inside.get(call_id)
            if inside is not None:
                item = self._items[call_id]
                item.ClearField("messages")
                item.messages.extend(inside.status.messages)
                item.ClearField("todos")
                for key, todo in inside.status.todos.items():
                    item.todos[key].CopyFrom(todo)
                inside.take()
        taken = [item for item in self._status.sub_agent_executions if item.id in self._changed]
        self._changed.clear()
        return taken

    def put_back(self, taken: list[str]) -> None:
        """Mark elements as changed again, because they did not arrive."""
        self._changed.update(taken)
