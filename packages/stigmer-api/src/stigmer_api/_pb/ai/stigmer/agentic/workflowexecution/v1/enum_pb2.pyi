from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ExecutionPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_PHASE_UNSPECIFIED: _ClassVar[ExecutionPhase]
    EXECUTION_PENDING: _ClassVar[ExecutionPhase]
    EXECUTION_IN_PROGRESS: _ClassVar[ExecutionPhase]
    EXECUTION_COMPLETED: _ClassVar[ExecutionPhase]
    EXECUTION_FAILED: _ClassVar[ExecutionPhase]
    EXECUTION_CANCELLED: _ClassVar[ExecutionPhase]
    EXECUTION_TERMINATED: _ClassVar[ExecutionPhase]
    EXECUTION_PAUSED: _ClassVar[ExecutionPhase]

class ExecutionSortField(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_SORT_FIELD_UNSPECIFIED: _ClassVar[ExecutionSortField]
    EXECUTION_SORT_FIELD_STARTED_AT: _ClassVar[ExecutionSortField]
    EXECUTION_SORT_FIELD_DURATION: _ClassVar[ExecutionSortField]
    EXECUTION_SORT_FIELD_COST: _ClassVar[ExecutionSortField]
    EXECUTION_SORT_FIELD_STATUS: _ClassVar[ExecutionSortField]

class SummaryTimeWindow(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUMMARY_TIME_WINDOW_UNSPECIFIED: _ClassVar[SummaryTimeWindow]
    SUMMARY_TIME_WINDOW_LAST_24H: _ClassVar[SummaryTimeWindow]
    SUMMARY_TIME_WINDOW_LAST_7D: _ClassVar[SummaryTimeWindow]
    SUMMARY_TIME_WINDOW_LAST_30D: _ClassVar[SummaryTimeWindow]
    SUMMARY_TIME_WINDOW_ALL_TIME: _ClassVar[SummaryTimeWindow]

class WorkflowEventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    workflow_event_type_unspecified: _ClassVar[WorkflowEventType]
    execution_started: _ClassVar[WorkflowEventType]
    execution_completed: _ClassVar[WorkflowEventType]
    execution_failed: _ClassVar[WorkflowEventType]
    execution_paused: _ClassVar[WorkflowEventType]
    execution_resumed: _ClassVar[WorkflowEventType]
    execution_cancelled: _ClassVar[WorkflowEventType]
    execution_terminated: _ClassVar[WorkflowEventType]
    task_started: _ClassVar[WorkflowEventType]
    task_completed: _ClassVar[WorkflowEventType]
    task_failed: _ClassVar[WorkflowEventType]
    task_skipped: _ClassVar[WorkflowEventType]
    task_retrying: _ClassVar[WorkflowEventType]
    agent_call_started: _ClassVar[WorkflowEventType]
    agent_call_progress: _ClassVar[WorkflowEventType]
    agent_call_completed: _ClassVar[WorkflowEventType]
    approval_requested: _ClassVar[WorkflowEventType]
    approval_resolved: _ClassVar[WorkflowEventType]
    budget_checkpoint: _ClassVar[WorkflowEventType]
    signal_received: _ClassVar[WorkflowEventType]
    event_emitted: _ClassVar[WorkflowEventType]
    artifact_created: _ClassVar[WorkflowEventType]

class WorkflowTaskStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WORKFLOW_TASK_STATUS_UNSPECIFIED: _ClassVar[WorkflowTaskStatus]
    WORKFLOW_TASK_PENDING: _ClassVar[WorkflowTaskStatus]
    WORKFLOW_TASK_IN_PROGRESS: _ClassVar[WorkflowTaskStatus]
    WORKFLOW_TASK_COMPLETED: _ClassVar[WorkflowTaskStatus]
    WORKFLOW_TASK_FAILED: _ClassVar[WorkflowTaskStatus]
    WORKFLOW_TASK_SKIPPED: _ClassVar[WorkflowTaskStatus]
    WORKFLOW_TASK_WAITING_APPROVAL: _ClassVar[WorkflowTaskStatus]

class WorkflowTaskType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WORKFLOW_TASK_TYPE_UNSPECIFIED: _ClassVar[WorkflowTaskType]
    WORKFLOW_TASK_AGENT_INVOCATION: _ClassVar[WorkflowTaskType]
    WORKFLOW_TASK_APPROVAL: _ClassVar[WorkflowTaskType]
    WORKFLOW_TASK_API_CALL: _ClassVar[WorkflowTaskType]
    WORKFLOW_TASK_CONDITIONAL: _ClassVar[WorkflowTaskType]
    WORKFLOW_TASK_PARALLEL: _ClassVar[WorkflowTaskType]
    WORKFLOW_TASK_TRANSFORM: _ClassVar[WorkflowTaskType]
    WORKFLOW_TASK_CUSTOM: _ClassVar[WorkflowTaskType]
EXECUTION_PHASE_UNSPECIFIED: ExecutionPhase
EXECUTION_PENDING: ExecutionPhase
EXECUTION_IN_PROGRESS: ExecutionPhase
EXECUTION_COMPLETED: ExecutionPhase
EXECUTION_FAILED: ExecutionPhase
EXECUTION_CANCELLED: ExecutionPhase
EXECUTION_TERMINATED: ExecutionPhase
EXECUTION_PAUSED: ExecutionPhase
EXECUTION_SORT_FIELD_UNSPECIFIED: ExecutionSortField
EXECUTION_SORT_FIELD_STARTED_AT: ExecutionSortField
EXECUTION_SORT_FIELD_DURATION: ExecutionSortField
EXECUTION_SORT_FIELD_COST: ExecutionSortField
EXECUTION_SORT_FIELD_STATUS: ExecutionSortField
SUMMARY_TIME_WINDOW_UNSPECIFIED: SummaryTimeWindow
SUMMARY_TIME_WINDOW_LAST_24H: SummaryTimeWindow
SUMMARY_TIME_WINDOW_LAST_7D: SummaryTimeWindow
SUMMARY_TIME_WINDOW_LAST_30D: SummaryTimeWindow
SUMMARY_TIME_WINDOW_ALL_TIME: SummaryTimeWindow
workflow_event_type_unspecified: WorkflowEventType
execution_started: WorkflowEventType
execution_completed: WorkflowEventType
execution_failed: WorkflowEventType
execution_paused: WorkflowEventType
execution_resumed: WorkflowEventType
execution_cancelled: WorkflowEventType
execution_terminated: WorkflowEventType
task_started: WorkflowEventType
task_completed: WorkflowEventType
task_failed: WorkflowEventType
task_skipped: WorkflowEventType
task_retrying: WorkflowEventType
agent_call_started: WorkflowEventType
agent_call_progress: WorkflowEventType
agent_call_completed: WorkflowEventType
approval_requested: WorkflowEventType
approval_resolved: WorkflowEventType
budget_checkpoint: WorkflowEventType
signal_received: WorkflowEventType
event_emitted: WorkflowEventType
artifact_created: WorkflowEventType
WORKFLOW_TASK_STATUS_UNSPECIFIED: WorkflowTaskStatus
WORKFLOW_TASK_PENDING: WorkflowTaskStatus
WORKFLOW_TASK_IN_PROGRESS: WorkflowTaskStatus
WORKFLOW_TASK_COMPLETED: WorkflowTaskStatus
WORKFLOW_TASK_FAILED: WorkflowTaskStatus
WORKFLOW_TASK_SKIPPED: WorkflowTaskStatus
WORKFLOW_TASK_WAITING_APPROVAL: WorkflowTaskStatus
WORKFLOW_TASK_TYPE_UNSPECIFIED: WorkflowTaskType
WORKFLOW_TASK_AGENT_INVOCATION: WorkflowTaskType
WORKFLOW_TASK_APPROVAL: WorkflowTaskType
WORKFLOW_TASK_API_CALL: WorkflowTaskType
WORKFLOW_TASK_CONDITIONAL: WorkflowTaskType
WORKFLOW_TASK_PARALLEL: WorkflowTaskType
WORKFLOW_TASK_TRANSFORM: WorkflowTaskType
WORKFLOW_TASK_CUSTOM: WorkflowTaskType
