"""Sub-agents in a status: each call of `task` with what happened inside it, reduced as the execution itself is.

What is taken of one is its header, its to-dos, and the messages that changed: the server merges them by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_agent_runner.engine import protocol as events
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from stigmer_agent_runner.status.reducer import StatusReducer

__all__ = ["SubAgents"]

_ENDED = {
    enum_pb2.TOOL_CALL_COMPLETED: enum_pb2.SUB_AGENT_COMPLETED,
    enum_pb2.TOOL_CALL_FAILED: enum_pb2.SUB_AGENT_FAILED,
    enum_pb2.TOOL_CALL_SKIPPED: enum_pb2.SUB_AGENT_CANCELLED,
    enum_pb2.TOOL_CALL_INTERRUPTED: enum_pb2.SUB_AGENT_CANCELLED,
}


class SubAgents:
    """The sub-agents of one status. Only what changed is taken."""

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
        """Apply what happened inside one."""
        item = self._items.get(event.call_id)
        if item is None:
            return  # of a call that was asked again and did not come back
        inside = self._inside.get(event.call_id)
        if inside is None:
            stored = status_pb2.AgentExecutionStatus(messages=item.messages, todos=item.todos)
            inside = self._inside[event.call_id] = self._make(stored)
        inside.apply(event.event, at)
        if not isinstance(event.event, events.TextDelta):
            _copy(inside.changed, item)  # what counts usage looks there; text can wait until it is taken
            self._changed.add(event.call_id)
        elif inside.dirty:
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

    def show_all(self) -> None:
        """See StatusReducer.show_all."""
        for call_id, inside in self._inside.items():
            inside.show_all()
            if inside.dirty:
                self._changed.add(call_id)

    def take(self) -> list[status_pb2.SubAgentExecution]:
        """Return the elements that changed since the last take."""
        taken = [self._part(item) for item in self._status.sub_agent_executions if item.id in self._changed]
        self._changed.clear()
        return taken

    def put_back(self, taken: Iterable[status_pb2.SubAgentExecution]) -> None:
        """Mark what a take returned as changed again, because it did not arrive."""
        for part in taken:
            self._changed.add(part.id)
            inside = self._inside.get(part.id)
            if inside is not None:
                inside.put_back(status_pb2.AgentExecutionStatus(messages=part.messages))

    def _part(self, item: status_pb2.SubAgentExecution) -> status_pb2.SubAgentExecution:
        inside = self._inside.get(item.id)
        news: Sequence[status_pb2.AgentMessage] = ()
        if inside is not None:
            news = inside.take().messages
            _copy(news, item)
            item.ClearField("todos")
            for key, todo in inside.status.todos.items():
                item.todos[key].CopyFrom(todo)
        return status_pb2.SubAgentExecution(
            id=item.id,
            name=item.name,
            input=item.input,
            output=item.output,
            status=item.status,
            started_at=item.started_at,
            completed_at=item.completed_at,
            error=item.error,
            subject=item.subject,
            messages=news,
            todos=item.todos,
        )


def _copy(messages: Iterable[status_pb2.AgentMessage], item: status_pb2.SubAgentExecution) -> None:
    """Put newer messages into an element, each in its place."""
    known = {message.id: message for message in item.messages}
    for message in messages:
        if message.id not in known:
            known[message.id] = item.messages.add()
        known[message.id].CopyFrom(message)
