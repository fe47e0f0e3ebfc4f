"""Names and payloads that the server and the runners share on Temporal. Standard library only: see the package."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

WORKFLOW_EXECUTION = "stigmer/workflow-execution/invoke"
AGENT_EXECUTION = "stigmer/agent-execution/invoke"

SCHEDULE_FIRE = "stigmer/schedule/fire"
"""Workflow that a Temporal Schedule starts on the agent runner's queue: it asks the server for the run."""

MCP_CONNECT = "stigmer/mcp-server/connect"
"""Workflow on the agent runner's queue: connects to an MCP server once and reports what it offers."""

WORKFLOW_FIRE = "stigmer/workflow/fire"
"""Workflow on the workflow runner's queue that starts a scheduled workflow once and lives as long as its execution."""

WORKFLOW_AWAIT = "stigmer/workflow/await-events"
"""Workflow on the workflow runner's queue that starts a workflow whenever the events of its `schedule.on` have come."""

EVENT_RECEIVED = "stigmer/event-received"
"""Signal that gives WORKFLOW_AWAIT a published event."""

STOP_AWAITING = "stigmer/stop-awaiting"
"""Signal that ends WORKFLOW_AWAIT once it has used what it got before."""

WORKFLOW_EXECUTION_QUEUE = "workflow_execution_runner"
AGENT_EXECUTION_QUEUE = "agent_execution_runner"

USER_ACTIVITY_QUEUE = "stigmer_activities"
"""Where activities of users' own workers are looked for when a task names no queue."""

CHILD_FINISHED = "stigmer/child-finished"
"""Signal that the server sends to a waiting workflow when an execution it started is terminal."""

SET_PAUSED = "stigmer/set-paused"
"""Signal that makes a run hold at its next safe point, or go on."""

SIGNAL_RECEIVED = "stigmer/signal-received"
"""Signal that gives a workflow execution a named signal of a user."""

TASK_ANSWERED = "stigmer/task-answered"
"""Signal that gives a workflow execution a person's answer to one of its tasks."""

APPROVAL_DECIDED = "stigmer/approval-decided"
"""Signal that tells an agent execution to look for decided approvals; the decisions themselves stay on the server."""

RECOVERY_MEMO = "stigmer_recovery"
"""Memo of a Temporal run: how often its execution had been started again before (absent: never)."""

PARENT_LABEL = "stigmer.ai/parent-execution"
"""Label of an execution that another execution started; its value is the id of that one."""


@dataclass(frozen=True, slots=True)
class ExecutionInput:
    """The one argument of both workflow types: everything else is read by id."""

    execution_id: str


@dataclass(frozen=True, slots=True)
class ScheduleFire:
    """The one argument of SCHEDULE_FIRE. The nominal time comes from Temporal: TemporalScheduledStartTime."""

    schedule_id: str


@dataclass(frozen=True, slots=True)
class WorkflowFire:
    """The one argument of WORKFLOW_FIRE. With `after` (seconds) it starts again that long after each end, for ever."""

    workflow_id: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class WorkflowAwait:
    """The one argument of WORKFLOW_AWAIT: what it starts, for which arming, and by which events.

    `trigger` is what `stigmer_api.dsl.schedule.compile_trigger` takes; `carried` is what an earlier run handed on.
    """

    workflow_id: str
    arming: str
    trigger: dict[str, Any]
    carried: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class EventReceived:
    """Payload of EVENT_RECEIVED. An `id` that was seen before is the same event again; `event` is a CloudEvent."""

    id: str
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class McpConnect:
    """The one argument of MCP_CONNECT. The values of variables lie in the ExecutionContext of `attempt`."""

    mcp_server_id: str
    attempt: str


@dataclass(frozen=True, slots=True)
class ChildFinished:
    """Payload of CHILD_FINISHED."""

    execution_id: str


@dataclass(frozen=True, slots=True)
class PauseState:
    """Payload of SET_PAUSED. `number` grows: one that is not above the last is old and means nothing."""

    paused: bool
    number: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignalReceived:
    """Payload of SIGNAL_RECEIVED. An `id` that was seen before is the same signal again; `payload` is a JSON object."""

    id: str
    name: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskAnswered:
    """Payload of TASK_ANSWERED: which task, the outcome's name, and the form as a JSON object."""

    id: str
    task_id: str
    outcome: str
    form: dict[str, Any] = field(default_factory=dict)
    comment: str = ""
    reviewer: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalDecided:
    """Payload of APPROVAL_DECIDED. `number` grows with every decision of an execution."""

    tool_call_id: str
    number: int


def first_sequence(recovery: int) -> int:
    """What the sequence numbers of the reports of a run are above: a run after a recovery starts over all before."""
    return recovery << 32


def temporal_workflow_id(workflow_type: str, execution_id: str) -> str:
    """Id of the Temporal workflow that runs an execution: one per execution, for ever."""
    return f"{workflow_type}/{execution_id}"


def temporal_schedule_id(schedule_id: str) -> str:
    """Id of the Temporal Schedule of a schedule."""
    return f"stigmer/schedule/{schedule_id}"


def temporal_workflow_schedule_id(workflow_id: str) -> str:
    """Id of the Temporal Schedule of a scheduled workflow, and of the run that stands for it when it has `after`."""
    return f"stigmer/workflow-schedule/{workflow_id}"


def temporal_awaiting_id(workflow_id: str, arming: str) -> str:
    """Id of the run that waits for the events of a workflow; a changed `schedule.on` is another arming."""
    return f"stigmer/workflow-events/{workflow_id}/{arming}"


def encode_callback(workflow_id: str) -> bytes:
    """Make the callback token of an execution whose end `workflow_id` waits for."""
    return json.dumps({"temporal_workflow_id": workflow_id}, separators=(",", ":")).encode()


def decode_callback(token: bytes) -> str:
    """Return the workflow id inside a callback token; ValueError when it is not one of ours."""
    try:
        found = json.loads(token)["temporal_workflow_id"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("not a callback token of this server") from error
    if not isinstance(found, str) or not found:
        raise ValueError("not a callback token of this server")
    return found
