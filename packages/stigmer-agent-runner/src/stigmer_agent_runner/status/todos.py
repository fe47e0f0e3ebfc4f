"""To-dos in a status, from the arguments of the tool that writes them. Pure functions."""

from __future__ import annotations

from google.protobuf.json_format import MessageToDict

from stigmer_agent_runner.status import messages as shape
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import status_pb2


def replace_todos(status: status_pb2.AgentExecutionStatus, call: status_pb2.ToolCall, at: str) -> None:
    """Put the to-dos of a call in place of those of the status; what stays keeps its times. at: RFC 3339."""
    found = MessageToDict(call.args).get("todos") or []
    before = {key: (todo.created_at, todo.updated_at, todo.status) for key, todo in status.todos.items()}
    status.ClearField("todos")
    for index, item in enumerate(found):
        key = shape.todo_id(item, index)
        state = shape.todo_status(str(item.get("status", "pending")))
        created, updated, old = before.get(key, (at, at, state))
        status.todos[key].CopyFrom(
            status_pb2.TodoItem(
                id=key,
                content=str(item.get("content", "")),
                status=state,
                created_at=created,
                updated_at=updated if old == state else at,
            )
        )
