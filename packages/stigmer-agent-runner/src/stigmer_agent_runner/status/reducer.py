"""Turns events into an AgentExecutionStatus. Pure: times come in with the events, nothing goes out but the status.

Applying an event twice changes nothing, and a turn that starts anew replaces what it was: both happen when a run
resumes. Order: the user message, then per turn one AI message with its tool calls and one tool message per call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_agent_runner.engine import protocol as events
from stigmer_agent_runner.status import asking, batches, todos, usage
from stigmer_agent_runner.status import messages as shape
from stigmer_agent_runner.status.batches import CLOSED
from stigmer_agent_runner.status.nested import SubAgents
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2

if TYPE_CHECKING:
    from stigmer_agent_runner.engine.protocol import Event

_OF_A_CALL = events.ToolStarted | events.ToolDone | events.ToolFailed | events.ToolSkipped

TERMINAL = frozenset(
    {
        enum_pb2.EXECUTION_COMPLETED,
        enum_pb2.EXECUTION_FAILED,
        enum_pb2.EXECUTION_CANCELLED,
        enum_pb2.EXECUTION_TERMINATED,
    }
)
"""Phases after which nothing changes any more."""


class StatusReducer:
    """One execution's status and what of it changed since it was last taken."""

    def __init__(self, stored: status_pb2.AgentExecutionStatus) -> None:
        self.status = status_pb2.AgentExecutionStatus()
        self.status.CopyFrom(stored)
        self._header_changed = False
        self._todos_changed = False
        self._messages = {message.id: message for message in self.status.messages}
        self._changed = batches.restore(self._messages)
        self._held: set[str] = set()
        """Messages that were taken without the whole of their results."""
        self._holding = True
        self._nested = SubAgents(self.status, StatusReducer)
        self._places: dict[str, tuple[int, int]] = {}
        self._previous: dict[str, status_pb2.ToolCall] = {}
        for message in self.status.messages:
            turn = shape.turn_of(message.id)
            if turn is not None:
                self._places.update({call.id: (turn, at) for at, call in enumerate(message.tool_calls)})

    @property
    def dirty(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._changed) or self._header_changed or self._todos_changed or self._nested.dirty

    @property
    def changed(self) -> list[status_pb2.AgentMessage]:
        """The messages that changed since the last take."""
        return [message for message in self.status.messages if message.id in self._changed]

    def begin(self, text: str, at: str) -> None:
        """Start or resume: phase IN_PROGRESS, and the user message in front of everything."""
        self.status.phase = enum_pb2.EXECUTION_IN_PROGRESS
        self.status.started_at = self.status.started_at or at
        self._header_changed = True
        if shape.USER_ID not in self._messages:
            message = self._message(shape.USER_ID, enum_pb2.MESSAGE_HUMAN, at)
            message.content = text

    def apply(self, event: Event, at: str) -> None:
        """Apply one event that happened at `at` (RFC 3339, UTC)."""
        if isinstance(event, _OF_A_CALL) and event.call_id not in self._places:
            return  # of a turn that was asked again and did not repeat the call
        match event:
            case events.MessageStarted():
                self._started(event, at)
            case events.TextDelta():
                self._delta(event)
            case events.MessageDone():
                self._done(event, at)
            case events.ToolRequested():
                self._requested(event, at)
            case events.ToolStarted():
                self._tool_started(event, at)
            case events.ToolDone() | events.ToolFailed() | events.ToolSkipped():
                self._tool_closed(event.call_id, *_ending(event), at)
            case events.ApprovalRequested() | events.ApprovalGiven():
                self._approval(event, at)
            case events.SubAgentStarted():
                self._nested.started(event, at)
            case events.SubAgentEvent():
                self._inside(event, at)
            case events.ArtifactsFound() | events.Notice():
                self._beside(event, at)

    def _beside(self, event: events.ArtifactsFound | events.Notice, at: str) -> None:
        """What is of no turn."""
        if isinstance(event, events.Notice):
            message = self._message(shape.notice_id(event.key), enum_pb2.MESSAGE_SYSTEM, at)
            message.content = event.text
        else:
            del self.status.artifacts[:]
            self.status.artifacts.extend(event.artifacts)
            self._header_changed = True

    def wait(self) -> None:
        """Nothing goes on before a person answers."""
        self.status.phase = enum_pb2.EXECUTION_WAITING_FOR_APPROVAL
        self._header_changed = True
        self.show_all()

    def show_all(self) -> None:
        """Results that were held back for the end of their turn are taken whole: it will be long until then."""
        self._changed |= self._held
        self._holding = False
        self._nested.show_all()

    def finish(self, phase: enum_pb2.ExecutionPhase, at: str, error: str = "") -> None:
        """End in a terminal phase; what was under way counts as interrupted."""
        self.status.phase = phase
        self.status.completed_at = at
        self.status.error = error
        self.status.ClearField("pending_approvals")
        self._header_changed = True
        self.interrupt(at)

    def interrupt(self, at: str) -> None:
        """Nothing goes on: what was under way counts as interrupted."""
        for message in self.status.messages:
            if message.is_streaming:
                message.is_streaming = False
                self._changed.add(message.id)
        for call_id in list(self._places):
            if self._call(call_id).status not in CLOSED:
                self._tool_closed(call_id, enum_pb2.TOOL_CALL_INTERRUPTED, "interrupted: the execution ended", at)
        self._drop_leftovers(at)

    def take(self) -> status_pb2.AgentExecutionStatus:
        """Return the changes since the last take as a partial status."""
        status = self.status
        part = status_pb2.AgentExecutionStatus(
            phase=status.phase,
            started_at=status.started_at,
            completed_at=status.completed_at,
            error=status.error,
            messages=self._take_messages(),
            pending_approvals=status.pending_approvals,
            sub_agent_executions=self._nested.take(),
            artifacts=status.artifacts,
        )
        if status.HasField("streaming_usage"):
            part.streaming_usage.CopyFrom(status.streaming_usage)
        if status.structured_output.fields:
            part.structured_output.CopyFrom(status.structured_output)
        if self._todos_changed:
            for key, todo in status.todos.items():
                part.todos[key].CopyFrom(todo)
        self._header_changed = self._todos_changed = False
        return part

    def _take_messages(self) -> list[status_pb2.AgentMessage]:
        """Return the messages that changed since they were last taken."""
        taken = []
        for message in self.status.messages:
            if message.id in self._changed:
                holds = self._holding and batches.holds_back(message)
                (self._held.add if holds else self._held.discard)(message.id)
                taken.append(batches.shortened(message) if holds else message)
        self._changed.clear()
        return taken

    def put_back(self, part: status_pb2.AgentExecutionStatus) -> None:
        """Mark what a take returned as changed again, because it did not arrive."""
        self._changed.update(message.id for message in part.messages)
        self._nested.put_back(part.sub_agent_executions)
        self._header_changed = True
        self._todos_changed = self._todos_changed or bool(part.todos)

    def last_text(self) -> str:
        """Text of the last AI message, or empty."""
        for message in reversed(self.status.messages):
            if message.type == enum_pb2.MESSAGE_AI:
                return message.content
        return ""

    def _message(self, message_id: str, kind: enum_pb2.MessageType, at: str) -> status_pb2.AgentMessage:
        self._changed.add(message_id)
        if message_id not in self._messages:
            self._messages[message_id] = self.status.messages.add(id=message_id, type=kind, timestamp=at)
        return self._messages[message_id]

    def _started(self, event: events.MessageStarted, at: str) -> None:
        self._drop_leftovers(at)
        message = self._message(shape.turn_id(event.turn), enum_pb2.MESSAGE_AI, at)
        self._previous = {}
        for call in message.tool_calls:
            self._previous[call.id] = status_pb2.ToolCall()
            self._previous[call.id].CopyFrom(call)
            self._places.pop(call.id, None)
        del message.tool_calls[:]
        message.content = ""
        message.is_streaming = True
        message.metadata.update({"model": event.model})

    def _delta(self, event: events.TextDelta) -> None:
        message = self._messages.get(shape.turn_id(event.turn))
        if message is not None and message.is_streaming:  # a straggler of a finished turn: its text is whole already
            message.content += event.text
            self._changed.add(message.id)

    def _done(self, event: events.MessageDone, at: str) -> None:
        message = self._message(shape.turn_id(event.turn), enum_pb2.MESSAGE_AI, at)
        message.content = event.text
        message.is_streaming = False
        if event.usage is not None:
            message.metadata.update({"usage": usage.described(event.usage)})
            self._count_usage(at)

    def _count_usage(self, at: str) -> None:
        summary = usage.summed(self.status)
        if summary != self.status.streaming_usage:
            summary.observed_at = at
            self.status.streaming_usage.CopyFrom(summary)
            self._header_changed = True

    def _requested(self, event: events.ToolRequested, at: str) -> None:
        message = self._message(shape.turn_id(event.turn), enum_pb2.MESSAGE_AI, at)
        call = message.tool_calls.add() if event.index >= len(message.tool_calls) else message.tool_calls[event.index]
        known = self._previous.pop(event.call_id, None)
        if known is not None:
            call.CopyFrom(known)
        else:
            call.CopyFrom(
                status_pb2.ToolCall(
                    id=event.call_id,
                    name=event.name,
                    args=shape.args_struct(event.args),
                    status=enum_pb2.TOOL_CALL_PENDING,
                    tool_kind=shape.tool_kind(event.name, event.kind),
                    mcp_server_slug=event.mcp_server,
                )
            )
        self._places[event.call_id] = (event.turn, len(message.tool_calls) - 1)
        self._tool_message(event.call_id, at)

    def _tool_started(self, event: events.ToolStarted, at: str) -> None:
        self._header_changed |= asking.drop_pending(self.status, event.call_id)
        call = self._call(event.call_id)
        if call.status in CLOSED:
            return
        call.status = enum_pb2.TOOL_CALL_RUNNING
        call.started_at = at
        if event.args is not None:
            call.args.CopyFrom(shape.args_struct(event.args))
        if event.waived_by:
            call.requires_approval = True
            call.approval_policy_source = event.waived_by
        self._tool_message(event.call_id, at)

    def _approval(self, event: events.ApprovalRequested | events.ApprovalGiven, at: str) -> None:
        self._header_changed = True
        if isinstance(event, events.ApprovalGiven):
            asking.drop_pending(self.status, event.call_id)
            if event.call_id in self._places:
                asking.mark_given(self._call(event.call_id), event.decision)
                self._tool_message(event.call_id, at)
            return
        item = asking.add_pending(self.status, event, at)
        if event.ask.call_id in self._places:  # a sub-agent's calls are told elsewhere
            asking.mark_asked(self._call(event.ask.call_id), event.ask, item)
            self._tool_message(event.ask.call_id, at)

    def _inside(self, event: events.SubAgentEvent, at: str) -> None:
        """What happens inside a sub-agent; whatever it asks a person stands with the execution's own questions."""
        inner = event.event
        self._nested.apply(event, at)
        if isinstance(inner, events.ApprovalRequested | events.ApprovalGiven):
            self._approval(inner, at)
        elif isinstance(inner, events.MessageDone) and inner.usage is not None:
            self._count_usage(at)
        elif isinstance(inner, _OF_A_CALL):
            self._header_changed |= asking.drop_pending(self.status, inner.call_id)

    def _tool_closed(self, call_id: str, status: enum_pb2.ToolCallStatus, text: str, at: str) -> None:
        self._header_changed |= asking.drop_pending(self.status, call_id)
        call = self._call(call_id)
        text = shape.capped(text, shape.MAX_RESULT_BYTES)
        if call.status == status and text in {call.result, call.error}:
            return  # told again by a run that resumed
        call.status = status
        call.started_at = call.started_at or at
        call.completed_at = at
        call.result, call.error = (text, "") if status == enum_pb2.TOOL_CALL_COMPLETED else ("", text)
        self._nested.closed(call_id, status, text, at)
        self._tool_message(call_id, at)
        if call.name == "write_todos" and status == enum_pb2.TOOL_CALL_COMPLETED:
            todos.replace_todos(self.status, call, at)
            self._todos_changed = True

    def _call(self, call_id: str) -> status_pb2.ToolCall:
        turn, index = self._places[call_id]
        return self._messages[shape.turn_id(turn)].tool_calls[index]

    def _tool_message(self, call_id: str, at: str) -> None:
        turn, index = self._places[call_id]
        call = self._call(call_id)
        self._changed.add(shape.turn_id(turn))
        message = self._message(shape.tool_id(turn, index), enum_pb2.MESSAGE_TOOL, at)
        message.content = call.result or call.error
        del message.tool_calls[:]
        message.tool_calls.add(
            id=call.id,
            name=call.name,
            status=call.status,
            tool_kind=call.tool_kind,
            started_at=call.started_at,
            completed_at=call.completed_at,
            requires_approval=call.requires_approval,
            mcp_server_slug=call.mcp_server_slug,
        )

    def _drop_leftovers(self, at: str) -> None:
        """Mark tool messages whose turn was asked again and has fewer calls now: they never run."""
        for message in self.status.messages:
            turn, _, index = message.id.partition("/tool-")
            owner = self._messages.get(turn)
            if message.type != enum_pb2.MESSAGE_TOOL or owner is None or int(index) < len(owner.tool_calls):
                continue
            for call in message.tool_calls:
                if call.status not in CLOSED:
                    call.status = enum_pb2.TOOL_CALL_INTERRUPTED
                    call.completed_at = at
                    message.content = "interrupted: the model was asked again and did not repeat this call"
                    self._changed.add(message.id)


def _ending(event: events.ToolDone | events.ToolFailed | events.ToolSkipped) -> tuple[enum_pb2.ToolCallStatus, str]:
    match event:
        case events.ToolDone():
            return enum_pb2.TOOL_CALL_COMPLETED, event.result
        case events.ToolFailed():
            return enum_pb2.TOOL_CALL_FAILED, event.error
        case events.ToolSkipped():
            return enum_pb2.TOOL_CALL_SKIPPED, event.text
