import datetime

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2 as _enum_pb2
from stigmer_api._pb.ai.stigmer.agentic.workflow.v1 import enum_pb2 as _enum_pb2_1
from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1 import api_pb2 as _api_pb2
from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1 import enum_pb2 as _enum_pb2_1_1
from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1 import status_pb2 as _status_pb2
from stigmer_api._pb.ai.stigmer.commons.apiresource import audit_pb2 as _audit_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AgentCallCompletedPayload(_message.Message):
    __slots__ = ("child_execution_id", "agent_phase", "duration_ms", "tokens_consumed", "cost_micros", "error")
    CHILD_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_PHASE_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_CONSUMED_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    child_execution_id: str
    agent_phase: _enum_pb2.ExecutionPhase
    duration_ms: int
    tokens_consumed: int
    cost_micros: int
    error: str
    def __init__(self, child_execution_id: _Optional[str] = ..., agent_phase: _Optional[_Union[_enum_pb2.ExecutionPhase, str]] = ..., duration_ms: _Optional[int] = ..., tokens_consumed: _Optional[int] = ..., cost_micros: _Optional[int] = ..., error: _Optional[str] = ...) -> None: ...

class AgentCallProgressPayload(_message.Message):
    __slots__ = ("child_execution_id", "agent_phase", "current_tool_name", "tokens_consumed", "messages_count", "tool_calls_count")
    CHILD_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_PHASE_FIELD_NUMBER: _ClassVar[int]
    CURRENT_TOOL_NAME_FIELD_NUMBER: _ClassVar[int]
    TOKENS_CONSUMED_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_COUNT_FIELD_NUMBER: _ClassVar[int]
    child_execution_id: str
    agent_phase: _enum_pb2.ExecutionPhase
    current_tool_name: str
    tokens_consumed: int
    messages_count: int
    tool_calls_count: int
    def __init__(self, child_execution_id: _Optional[str] = ..., agent_phase: _Optional[_Union[_enum_pb2.ExecutionPhase, str]] = ..., current_tool_name: _Optional[str] = ..., tokens_consumed: _Optional[int] = ..., messages_count: _Optional[int] = ..., tool_calls_count: _Optional[int] = ...) -> None: ...

class AgentCallStartedPayload(_message.Message):
    __slots__ = ("child_execution_id", "agent_slug", "message_summary")
    CHILD_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_SLUG_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    child_execution_id: str
    agent_slug: str
    message_summary: str
    def __init__(self, child_execution_id: _Optional[str] = ..., agent_slug: _Optional[str] = ..., message_summary: _Optional[str] = ...) -> None: ...

class ApprovalRequestedPayload(_message.Message):
    __slots__ = ("prompt", "approvers", "timeout_seconds", "tool_call_id", "child_execution_id", "outcomes", "form_schema", "payload", "ui_hint", "payload_artifact_id")
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    APPROVERS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    CHILD_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    FORM_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    UI_HINT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    prompt: str
    approvers: _containers.RepeatedScalarFieldContainer[str]
    timeout_seconds: int
    tool_call_id: str
    child_execution_id: str
    outcomes: _containers.RepeatedCompositeFieldContainer[HumanInputOutcomeInfo]
    form_schema: _struct_pb2.Struct
    payload: _struct_pb2.Value
    ui_hint: str
    payload_artifact_id: str
    def __init__(self, prompt: _Optional[str] = ..., approvers: _Optional[_Iterable[str]] = ..., timeout_seconds: _Optional[int] = ..., tool_call_id: _Optional[str] = ..., child_execution_id: _Optional[str] = ..., outcomes: _Optional[_Iterable[_Union[HumanInputOutcomeInfo, _Mapping]]] = ..., form_schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., payload: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., ui_hint: _Optional[str] = ..., payload_artifact_id: _Optional[str] = ...) -> None: ...

class ApprovalResolvedPayload(_message.Message):
    __slots__ = ("action", "resolved_by", "comment", "wait_duration_ms", "resolved_by_actor", "outcome", "auto_resolved")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_BY_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    WAIT_DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_BY_ACTOR_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    AUTO_RESOLVED_FIELD_NUMBER: _ClassVar[int]
    action: _enum_pb2.ApprovalAction
    resolved_by: str
    comment: str
    wait_duration_ms: int
    resolved_by_actor: _audit_pb2.ApiResourceAuditActor
    outcome: str
    auto_resolved: bool
    def __init__(self, action: _Optional[_Union[_enum_pb2.ApprovalAction, str]] = ..., resolved_by: _Optional[str] = ..., comment: _Optional[str] = ..., wait_duration_ms: _Optional[int] = ..., resolved_by_actor: _Optional[_Union[_audit_pb2.ApiResourceAuditActor, _Mapping]] = ..., outcome: _Optional[str] = ..., auto_resolved: _Optional[bool] = ...) -> None: ...

class ArtifactCreatedPayload(_message.Message):
    __slots__ = ("artifact_id", "display_name", "content_type", "size_bytes")
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    artifact_id: str
    display_name: str
    content_type: str
    size_bytes: int
    def __init__(self, artifact_id: _Optional[str] = ..., display_name: _Optional[str] = ..., content_type: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class BudgetCheckpointPayload(_message.Message):
    __slots__ = ("cost_consumed_micros", "cost_remaining_micros", "tokens_consumed", "tokens_remaining", "threshold_breached", "on_exceeded_policy")
    COST_CONSUMED_MICROS_FIELD_NUMBER: _ClassVar[int]
    COST_REMAINING_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_CONSUMED_FIELD_NUMBER: _ClassVar[int]
    TOKENS_REMAINING_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_BREACHED_FIELD_NUMBER: _ClassVar[int]
    ON_EXCEEDED_POLICY_FIELD_NUMBER: _ClassVar[int]
    cost_consumed_micros: int
    cost_remaining_micros: int
    tokens_consumed: int
    tokens_remaining: int
    threshold_breached: bool
    on_exceeded_policy: _enum_pb2_1.BudgetExceededPolicy
    def __init__(self, cost_consumed_micros: _Optional[int] = ..., cost_remaining_micros: _Optional[int] = ..., tokens_consumed: _Optional[int] = ..., tokens_remaining: _Optional[int] = ..., threshold_breached: _Optional[bool] = ..., on_exceeded_policy: _Optional[_Union[_enum_pb2_1.BudgetExceededPolicy, str]] = ...) -> None: ...

class CancelWorkflowExecutionInput(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class EventEmittedPayload(_message.Message):
    __slots__ = ("event_type", "event_source", "event_subject")
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    EVENT_SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    event_type: str
    event_source: str
    event_subject: str
    def __init__(self, event_type: _Optional[str] = ..., event_source: _Optional[str] = ..., event_subject: _Optional[str] = ...) -> None: ...

class ExecutionCancelledPayload(_message.Message):
    __slots__ = ("reason", "cancelled_by")
    REASON_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_BY_FIELD_NUMBER: _ClassVar[int]
    reason: str
    cancelled_by: str
    def __init__(self, reason: _Optional[str] = ..., cancelled_by: _Optional[str] = ...) -> None: ...

class ExecutionCompletedPayload(_message.Message):
    __slots__ = ("output_summary", "duration_ms", "total_cost_micros", "total_tokens")
    OUTPUT_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    output_summary: _struct_pb2.Struct
    duration_ms: int
    total_cost_micros: int
    total_tokens: int
    def __init__(self, output_summary: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., duration_ms: _Optional[int] = ..., total_cost_micros: _Optional[int] = ..., total_tokens: _Optional[int] = ...) -> None: ...

class ExecutionFailedPayload(_message.Message):
    __slots__ = ("error", "failed_task_name", "duration_ms")
    ERROR_FIELD_NUMBER: _ClassVar[int]
    FAILED_TASK_NAME_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    error: str
    failed_task_name: str
    duration_ms: int
    def __init__(self, error: _Optional[str] = ..., failed_task_name: _Optional[str] = ..., duration_ms: _Optional[int] = ...) -> None: ...

class ExecutionFilterCriteria(_message.Message):
    __slots__ = ("phases", "started_after", "started_before", "min_duration", "max_duration", "min_cost_micros", "max_cost_micros", "failed_task_name", "has_retries")
    PHASES_FIELD_NUMBER: _ClassVar[int]
    STARTED_AFTER_FIELD_NUMBER: _ClassVar[int]
    STARTED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    MIN_DURATION_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    MIN_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    MAX_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    FAILED_TASK_NAME_FIELD_NUMBER: _ClassVar[int]
    HAS_RETRIES_FIELD_NUMBER: _ClassVar[int]
    phases: _containers.RepeatedScalarFieldContainer[_enum_pb2_1_1.ExecutionPhase]
    started_after: _timestamp_pb2.Timestamp
    started_before: _timestamp_pb2.Timestamp
    min_duration: _duration_pb2.Duration
    max_duration: _duration_pb2.Duration
    min_cost_micros: int
    max_cost_micros: int
    failed_task_name: str
    has_retries: bool
    def __init__(self, phases: _Optional[_Iterable[_Union[_enum_pb2_1_1.ExecutionPhase, str]]] = ..., started_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., min_cost_micros: _Optional[int] = ..., max_cost_micros: _Optional[int] = ..., failed_task_name: _Optional[str] = ..., has_retries: _Optional[bool] = ...) -> None: ...

class ExecutionPausedPayload(_message.Message):
    __slots__ = ("reason", "paused_by")
    REASON_FIELD_NUMBER: _ClassVar[int]
    PAUSED_BY_FIELD_NUMBER: _ClassVar[int]
    reason: str
    paused_by: str
    def __init__(self, reason: _Optional[str] = ..., paused_by: _Optional[str] = ...) -> None: ...

class ExecutionResumedPayload(_message.Message):
    __slots__ = ("resumed_by",)
    RESUMED_BY_FIELD_NUMBER: _ClassVar[int]
    resumed_by: str
    def __init__(self, resumed_by: _Optional[str] = ...) -> None: ...

class ExecutionStartedPayload(_message.Message):
    __slots__ = ("total_tasks", "workflow_id", "workflow_instance_id")
    TOTAL_TASKS_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    total_tasks: int
    workflow_id: str
    workflow_instance_id: str
    def __init__(self, total_tasks: _Optional[int] = ..., workflow_id: _Optional[str] = ..., workflow_instance_id: _Optional[str] = ...) -> None: ...

class ExecutionSummary(_message.Message):
    __slots__ = ("active_count", "phase_counts", "total_cost", "avg_duration", "top_failing_workflows", "cost_by_workflow", "total_count", "success_rate")
    class PhaseCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    ACTIVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PHASE_COUNTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COST_FIELD_NUMBER: _ClassVar[int]
    AVG_DURATION_FIELD_NUMBER: _ClassVar[int]
    TOP_FAILING_WORKFLOWS_FIELD_NUMBER: _ClassVar[int]
    COST_BY_WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_RATE_FIELD_NUMBER: _ClassVar[int]
    active_count: int
    phase_counts: _containers.ScalarMap[int, int]
    total_cost: WorkflowCostSummary
    avg_duration: _duration_pb2.Duration
    top_failing_workflows: _containers.RepeatedCompositeFieldContainer[WorkflowFailureRank]
    cost_by_workflow: _containers.RepeatedCompositeFieldContainer[WorkflowCostBreakdown]
    total_count: int
    success_rate: float
    def __init__(self, active_count: _Optional[int] = ..., phase_counts: _Optional[_Mapping[int, int]] = ..., total_cost: _Optional[_Union[WorkflowCostSummary, _Mapping]] = ..., avg_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., top_failing_workflows: _Optional[_Iterable[_Union[WorkflowFailureRank, _Mapping]]] = ..., cost_by_workflow: _Optional[_Iterable[_Union[WorkflowCostBreakdown, _Mapping]]] = ..., total_count: _Optional[int] = ..., success_rate: _Optional[float] = ...) -> None: ...

class ExecutionTerminatedPayload(_message.Message):
    __slots__ = ("reason", "terminated_by")
    REASON_FIELD_NUMBER: _ClassVar[int]
    TERMINATED_BY_FIELD_NUMBER: _ClassVar[int]
    reason: str
    terminated_by: str
    def __init__(self, reason: _Optional[str] = ..., terminated_by: _Optional[str] = ...) -> None: ...

class GetEventLogRequest(_message.Message):
    __slots__ = ("execution_id", "after_sequence", "event_types", "task_name", "page_size")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    TASK_NAME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    after_sequence: int
    event_types: _containers.RepeatedScalarFieldContainer[_enum_pb2_1_1.WorkflowEventType]
    task_name: str
    page_size: int
    def __init__(self, execution_id: _Optional[str] = ..., after_sequence: _Optional[int] = ..., event_types: _Optional[_Iterable[_Union[_enum_pb2_1_1.WorkflowEventType, str]]] = ..., task_name: _Optional[str] = ..., page_size: _Optional[int] = ...) -> None: ...

class GetEventLogResponse(_message.Message):
    __slots__ = ("events", "has_more", "latest_sequence")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    LATEST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[WorkflowExecutionEvent]
    has_more: bool
    latest_sequence: int
    def __init__(self, events: _Optional[_Iterable[_Union[WorkflowExecutionEvent, _Mapping]]] = ..., has_more: _Optional[bool] = ..., latest_sequence: _Optional[int] = ...) -> None: ...

class GetExecutionSummaryRequest(_message.Message):
    __slots__ = ("org", "time_window", "workflow_id")
    ORG_FIELD_NUMBER: _ClassVar[int]
    TIME_WINDOW_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    org: str
    time_window: _enum_pb2_1_1.SummaryTimeWindow
    workflow_id: str
    def __init__(self, org: _Optional[str] = ..., time_window: _Optional[_Union[_enum_pb2_1_1.SummaryTimeWindow, str]] = ..., workflow_id: _Optional[str] = ...) -> None: ...

class HumanInputOutcomeInfo(_message.Message):
    __slots__ = ("name", "label")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: str
    def __init__(self, name: _Optional[str] = ..., label: _Optional[str] = ...) -> None: ...

class ListPendingApprovalsRequest(_message.Message):
    __slots__ = ("org", "page_size", "page_token")
    ORG_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    org: str
    page_size: int
    page_token: str
    def __init__(self, org: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListWorkflowExecutionsByWorkflowRequest(_message.Message):
    __slots__ = ("workflow_id", "page_size", "page_token", "filter", "sort_field", "sort_ascending")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_FIELD_NUMBER: _ClassVar[int]
    SORT_ASCENDING_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    page_size: int
    page_token: str
    filter: ExecutionFilterCriteria
    sort_field: _enum_pb2_1_1.ExecutionSortField
    sort_ascending: bool
    def __init__(self, workflow_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[_Union[ExecutionFilterCriteria, _Mapping]] = ..., sort_field: _Optional[_Union[_enum_pb2_1_1.ExecutionSortField, str]] = ..., sort_ascending: _Optional[bool] = ...) -> None: ...

class ListWorkflowExecutionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "phase", "tags", "filter", "sort_field", "sort_ascending", "org")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_FIELD_NUMBER: _ClassVar[int]
    SORT_ASCENDING_FIELD_NUMBER: _ClassVar[int]
    ORG_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    phase: _enum_pb2_1_1.ExecutionPhase
    tags: _containers.RepeatedScalarFieldContainer[str]
    filter: ExecutionFilterCriteria
    sort_field: _enum_pb2_1_1.ExecutionSortField
    sort_ascending: bool
    org: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., phase: _Optional[_Union[_enum_pb2_1_1.ExecutionPhase, str]] = ..., tags: _Optional[_Iterable[str]] = ..., filter: _Optional[_Union[ExecutionFilterCriteria, _Mapping]] = ..., sort_field: _Optional[_Union[_enum_pb2_1_1.ExecutionSortField, str]] = ..., sort_ascending: _Optional[bool] = ..., org: _Optional[str] = ...) -> None: ...

class PauseWorkflowExecutionInput(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class PendingApproval(_message.Message):
    __slots__ = ("execution_id", "workflow_name", "task_name", "requester", "requested_at", "timeout_at", "form_schema", "ui_hint")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_NAME_FIELD_NUMBER: _ClassVar[int]
    TASK_NAME_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_AT_FIELD_NUMBER: _ClassVar[int]
    FORM_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    UI_HINT_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    workflow_name: str
    task_name: str
    requester: str
    requested_at: _timestamp_pb2.Timestamp
    timeout_at: _timestamp_pb2.Timestamp
    form_schema: _struct_pb2.Struct
    ui_hint: str
    def __init__(self, execution_id: _Optional[str] = ..., workflow_name: _Optional[str] = ..., task_name: _Optional[str] = ..., requester: _Optional[str] = ..., requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timeout_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., form_schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., ui_hint: _Optional[str] = ...) -> None: ...

class PendingApprovalsList(_message.Message):
    __slots__ = ("entries", "total_count", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[PendingApproval]
    total_count: int
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[PendingApproval, _Mapping]]] = ..., total_count: _Optional[int] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RecoverWorkflowExecutionInput(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ResumeWorkflowExecutionInput(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class SendSignalInput(_message.Message):
    __slots__ = ("execution_id", "signal_name", "payload", "idempotency_key")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_NAME_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    signal_name: str
    payload: _struct_pb2.Struct
    idempotency_key: str
    def __init__(self, execution_id: _Optional[str] = ..., signal_name: _Optional[str] = ..., payload: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., idempotency_key: _Optional[str] = ...) -> None: ...

class SignalReceivedPayload(_message.Message):
    __slots__ = ("signal_name", "payload_summary")
    SIGNAL_NAME_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    signal_name: str
    payload_summary: _struct_pb2.Struct
    def __init__(self, signal_name: _Optional[str] = ..., payload_summary: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class SubmitWorkflowApprovalInput(_message.Message):
    __slots__ = ("execution_id", "tool_call_id", "action", "comment", "edited_args_json")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    EDITED_ARGS_JSON_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    tool_call_id: str
    action: _enum_pb2.ApprovalAction
    comment: str
    edited_args_json: str
    def __init__(self, execution_id: _Optional[str] = ..., tool_call_id: _Optional[str] = ..., action: _Optional[_Union[_enum_pb2.ApprovalAction, str]] = ..., comment: _Optional[str] = ..., edited_args_json: _Optional[str] = ...) -> None: ...

class SubmitWorkflowTaskApprovalInput(_message.Message):
    __slots__ = ("execution_id", "task_name", "outcome", "form_data", "reviewer", "comment")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_NAME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FORM_DATA_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    task_name: str
    outcome: str
    form_data: _struct_pb2.Struct
    reviewer: str
    comment: str
    def __init__(self, execution_id: _Optional[str] = ..., task_name: _Optional[str] = ..., outcome: _Optional[str] = ..., form_data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., reviewer: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class SubscribeEventsRequest(_message.Message):
    __slots__ = ("execution_id", "after_sequence", "event_types")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    after_sequence: int
    event_types: _containers.RepeatedScalarFieldContainer[_enum_pb2_1_1.WorkflowEventType]
    def __init__(self, execution_id: _Optional[str] = ..., after_sequence: _Optional[int] = ..., event_types: _Optional[_Iterable[_Union[_enum_pb2_1_1.WorkflowEventType, str]]] = ...) -> None: ...

class SubscribeWorkflowExecutionRequest(_message.Message):
    __slots__ = ("execution_id", "from_revision")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_REVISION_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    from_revision: int
    def __init__(self, execution_id: _Optional[str] = ..., from_revision: _Optional[int] = ...) -> None: ...

class TaskCompletedPayload(_message.Message):
    __slots__ = ("task_kind", "duration_ms", "output_summary", "cost_micros", "tokens_used")
    TASK_KIND_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_USED_FIELD_NUMBER: _ClassVar[int]
    task_kind: _enum_pb2_1.WorkflowTaskKind
    duration_ms: int
    output_summary: _struct_pb2.Struct
    cost_micros: int
    tokens_used: int
    def __init__(self, task_kind: _Optional[_Union[_enum_pb2_1.WorkflowTaskKind, str]] = ..., duration_ms: _Optional[int] = ..., output_summary: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., cost_micros: _Optional[int] = ..., tokens_used: _Optional[int] = ...) -> None: ...

class TaskFailedPayload(_message.Message):
    __slots__ = ("task_kind", "error", "attempt_number", "max_attempts", "will_retry", "duration_ms")
    TASK_KIND_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    WILL_RETRY_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    task_kind: _enum_pb2_1.WorkflowTaskKind
    error: str
    attempt_number: int
    max_attempts: int
    will_retry: bool
    duration_ms: int
    def __init__(self, task_kind: _Optional[_Union[_enum_pb2_1.WorkflowTaskKind, str]] = ..., error: _Optional[str] = ..., attempt_number: _Optional[int] = ..., max_attempts: _Optional[int] = ..., will_retry: _Optional[bool] = ..., duration_ms: _Optional[int] = ...) -> None: ...

class TaskRetryingPayload(_message.Message):
    __slots__ = ("failed_attempt", "next_attempt", "delay_ms")
    FAILED_ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    DELAY_MS_FIELD_NUMBER: _ClassVar[int]
    failed_attempt: int
    next_attempt: int
    delay_ms: int
    def __init__(self, failed_attempt: _Optional[int] = ..., next_attempt: _Optional[int] = ..., delay_ms: _Optional[int] = ...) -> None: ...

class TaskSkippedPayload(_message.Message):
    __slots__ = ("task_kind", "reason")
    TASK_KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    task_kind: _enum_pb2_1.WorkflowTaskKind
    reason: str
    def __init__(self, task_kind: _Optional[_Union[_enum_pb2_1.WorkflowTaskKind, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class TaskStartedPayload(_message.Message):
    __slots__ = ("task_kind", "input_summary", "attempt_number")
    TASK_KIND_FIELD_NUMBER: _ClassVar[int]
    INPUT_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    task_kind: _enum_pb2_1.WorkflowTaskKind
    input_summary: _struct_pb2.Struct
    attempt_number: int
    def __init__(self, task_kind: _Optional[_Union[_enum_pb2_1.WorkflowTaskKind, str]] = ..., input_summary: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., attempt_number: _Optional[int] = ...) -> None: ...

class TerminateWorkflowExecutionInput(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class WorkflowCostBreakdown(_message.Message):
    __slots__ = ("workflow_slug", "workflow_name", "total_cost_usd", "execution_count")
    WORKFLOW_SLUG_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_NAME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COST_USD_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    workflow_slug: str
    workflow_name: str
    total_cost_usd: float
    execution_count: int
    def __init__(self, workflow_slug: _Optional[str] = ..., workflow_name: _Optional[str] = ..., total_cost_usd: _Optional[float] = ..., execution_count: _Optional[int] = ...) -> None: ...

class WorkflowCostSummary(_message.Message):
    __slots__ = ("total_cost_usd", "total_input_tokens", "total_output_tokens")
    TOTAL_COST_USD_FIELD_NUMBER: _ClassVar[int]
    TOTAL_INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    total_cost_usd: float
    total_input_tokens: int
    total_output_tokens: int
    def __init__(self, total_cost_usd: _Optional[float] = ..., total_input_tokens: _Optional[int] = ..., total_output_tokens: _Optional[int] = ...) -> None: ...

class WorkflowExecutionEvent(_message.Message):
    __slots__ = ("event_id", "event_type", "sequence_number", "occurred_at", "task_name", "execution_started", "execution_completed", "execution_failed", "execution_paused", "execution_resumed", "execution_cancelled", "execution_terminated", "task_started", "task_completed", "task_failed", "task_skipped", "task_retrying", "agent_call_started", "agent_call_progress", "agent_call_completed", "approval_requested", "approval_resolved", "budget_checkpoint", "signal_received", "event_emitted", "artifact_created")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    TASK_NAME_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_STARTED_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FAILED_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_PAUSED_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_RESUMED_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_CANCELLED_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_TERMINATED_FIELD_NUMBER: _ClassVar[int]
    TASK_STARTED_FIELD_NUMBER: _ClassVar[int]
    TASK_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    TASK_FAILED_FIELD_NUMBER: _ClassVar[int]
    TASK_SKIPPED_FIELD_NUMBER: _ClassVar[int]
    TASK_RETRYING_FIELD_NUMBER: _ClassVar[int]
    AGENT_CALL_STARTED_FIELD_NUMBER: _ClassVar[int]
    AGENT_CALL_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    AGENT_CALL_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_RESOLVED_FIELD_NUMBER: _ClassVar[int]
    BUDGET_CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    EVENT_EMITTED_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_CREATED_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    event_type: _enum_pb2_1_1.WorkflowEventType
    sequence_number: int
    occurred_at: str
    task_name: str
    execution_started: ExecutionStartedPayload
    execution_completed: ExecutionCompletedPayload
    execution_failed: ExecutionFailedPayload
    execution_paused: ExecutionPausedPayload
    execution_resumed: ExecutionResumedPayload
    execution_cancelled: ExecutionCancelledPayload
    execution_terminated: ExecutionTerminatedPayload
    task_started: TaskStartedPayload
    task_completed: TaskCompletedPayload
    task_failed: TaskFailedPayload
    task_skipped: TaskSkippedPayload
    task_retrying: TaskRetryingPayload
    agent_call_started: AgentCallStartedPayload
    agent_call_progress: AgentCallProgressPayload
    agent_call_completed: AgentCallCompletedPayload
    approval_requested: ApprovalRequestedPayload
    approval_resolved: ApprovalResolvedPayload
    budget_checkpoint: BudgetCheckpointPayload
    signal_received: SignalReceivedPayload
    event_emitted: EventEmittedPayload
    artifact_created: ArtifactCreatedPayload
    def __init__(self, event_id: _Optional[str] = ..., event_type: _Optional[_Union[_enum_pb2_1_1.WorkflowEventType, str]] = ..., sequence_number: _Optional[int] = ..., occurred_at: _Optional[str] = ..., task_name: _Optional[str] = ..., execution_started: _Optional[_Union[ExecutionStartedPayload, _Mapping]] = ..., execution_completed: _Optional[_Union[ExecutionCompletedPayload, _Mapping]] = ..., execution_failed: _Optional[_Union[ExecutionFailedPayload, _Mapping]] = ..., execution_paused: _Optional[_Union[ExecutionPausedPayload, _Mapping]] = ..., execution_resumed: _Optional[_Union[ExecutionResumedPayload, _Mapping]] = ..., execution_cancelled: _Optional[_Union[ExecutionCancelledPayload, _Mapping]] = ..., execution_terminated: _Optional[_Union[ExecutionTerminatedPayload, _Mapping]] = ..., task_started: _Optional[_Union[TaskStartedPayload, _Mapping]] = ..., task_completed: _Optional[_Union[TaskCompletedPayload, _Mapping]] = ..., task_failed: _Optional[_Union[TaskFailedPayload, _Mapping]] = ..., task_skipped: _Optional[_Union[TaskSkippedPayload, _Mapping]] = ..., task_retrying: _Optional[_Union[TaskRetryingPayload, _Mapping]] = ..., agent_call_started: _Optional[_Union[AgentCallStartedPayload, _Mapping]] = ..., agent_call_progress: _Optional[_Union[AgentCallProgressPayload, _Mapping]] = ..., agent_call_completed: _Optional[_Union[AgentCallCompletedPayload, _Mapping]] = ..., approval_requested: _Optional[_Union[ApprovalRequestedPayload, _Mapping]] = ..., approval_resolved: _Optional[_Union[ApprovalResolvedPayload, _Mapping]] = ..., budget_checkpoint: _Optional[_Union[BudgetCheckpointPayload, _Mapping]] = ..., signal_received: _Optional[_Union[SignalReceivedPayload, _Mapping]] = ..., event_emitted: _Optional[_Union[EventEmittedPayload, _Mapping]] = ..., artifact_created: _Optional[_Union[ArtifactCreatedPayload, _Mapping]] = ...) -> None: ...

class WorkflowExecutionId(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: str
    def __init__(self, value: _Optional[str] = ...) -> None: ...

class WorkflowExecutionList(_message.Message):
    __slots__ = ("total_pages", "entries", "next_page_token")
    TOTAL_PAGES_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    total_pages: int
    entries: _containers.RepeatedCompositeFieldContainer[_api_pb2.WorkflowExecution]
    next_page_token: str
    def __init__(self, total_pages: _Optional[int] = ..., entries: _Optional[_Iterable[_Union[_api_pb2.WorkflowExecution, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WorkflowExecutionUpdateStatusInput(_message.Message):
    __slots__ = ("execution_id", "status", "events", "update_pending_approvals", "update_pending_file_reviews", "pending_update_child_agent_execution_id", "sequence")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_PENDING_APPROVALS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_PENDING_FILE_REVIEWS_FIELD_NUMBER: _ClassVar[int]
    PENDING_UPDATE_CHILD_AGENT_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    status: _status_pb2.WorkflowExecutionStatus
    events: _containers.RepeatedCompositeFieldContainer[WorkflowExecutionEvent]
    update_pending_approvals: bool
    update_pending_file_reviews: bool
    pending_update_child_agent_execution_id: str
    sequence: int
    def __init__(self, execution_id: _Optional[str] = ..., status: _Optional[_Union[_status_pb2.WorkflowExecutionStatus, _Mapping]] = ..., events: _Optional[_Iterable[_Union[WorkflowExecutionEvent, _Mapping]]] = ..., update_pending_approvals: _Optional[bool] = ..., update_pending_file_reviews: _Optional[bool] = ..., pending_update_child_agent_execution_id: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class WorkflowFailureRank(_message.Message):
    __slots__ = ("workflow_slug", "workflow_name", "failure_count")
    WORKFLOW_SLUG_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_NAME_FIELD_NUMBER: _ClassVar[int]
    FAILURE_COUNT_FIELD_NUMBER: _ClassVar[int]
    workflow_slug: str
    workflow_name: str
    failure_count: int
    def __init__(self, workflow_slug: _Optional[str] = ..., workflow_name: _Optional[str] = ..., failure_count: _Optional[int] = ...) -> None: ...
