from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import status_pb2 as _status_pb2
from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1 import enum_pb2 as _enum_pb2
from stigmer_api._pb.ai.stigmer.commons.apiresource import audit_pb2 as _audit_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from stigmer_api._pb.stigmer.runtime.v1 import event_pb2 as _event_pb2
from stigmer_api._pb.stigmer.runtime.v1 import human_pb2 as _human_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WorkflowExecutionStatus(_message.Message):
    __slots__ = ("phase", "tasks", "output", "error", "started_at", "completed_at", "temporal_workflow_id", "pending_approvals", "total_cost_micros", "total_input_tokens", "total_output_tokens", "workflow_version_hash", "audit", "output_json", "sequence", "last_event_sequence", "pause_requested", "recoveries", "subscriptions")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    PENDING_APPROVALS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_VERSION_HASH_FIELD_NUMBER: _ClassVar[int]
    AUDIT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_EVENT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PAUSE_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    RECOVERIES_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    phase: _enum_pb2.ExecutionPhase
    tasks: _containers.RepeatedCompositeFieldContainer[WorkflowTask]
    output: _struct_pb2.Struct
    error: str
    started_at: str
    completed_at: str
    temporal_workflow_id: str
    pending_approvals: _containers.RepeatedCompositeFieldContainer[WorkflowPendingApproval]
    total_cost_micros: int
    total_input_tokens: int
    total_output_tokens: int
    workflow_version_hash: str
    audit: _audit_pb2.ApiResourceAudit
    output_json: str
    sequence: int
    last_event_sequence: int
    pause_requested: bool
    recoveries: int
    subscriptions: _containers.RepeatedCompositeFieldContainer[_event_pb2.EventSubscription]
    def __init__(self, phase: _Optional[_Union[_enum_pb2.ExecutionPhase, str]] = ..., tasks: _Optional[_Iterable[_Union[WorkflowTask, _Mapping]]] = ..., output: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., error: _Optional[str] = ..., started_at: _Optional[str] = ..., completed_at: _Optional[str] = ..., temporal_workflow_id: _Optional[str] = ..., pending_approvals: _Optional[_Iterable[_Union[WorkflowPendingApproval, _Mapping]]] = ..., total_cost_micros: _Optional[int] = ..., total_input_tokens: _Optional[int] = ..., total_output_tokens: _Optional[int] = ..., workflow_version_hash: _Optional[str] = ..., audit: _Optional[_Union[_audit_pb2.ApiResourceAudit, _Mapping]] = ..., output_json: _Optional[str] = ..., sequence: _Optional[int] = ..., last_event_sequence: _Optional[int] = ..., pause_requested: _Optional[bool] = ..., recoveries: _Optional[int] = ..., subscriptions: _Optional[_Iterable[_Union[_event_pb2.EventSubscription, _Mapping]]] = ...) -> None: ...

class WorkflowPendingApproval(_message.Message):
    __slots__ = ("approval", "child_agent_execution_id")
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    CHILD_AGENT_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    approval: _status_pb2.PendingApproval
    child_agent_execution_id: str
    def __init__(self, approval: _Optional[_Union[_status_pb2.PendingApproval, _Mapping]] = ..., child_agent_execution_id: _Optional[str] = ...) -> None: ...

class WorkflowTask(_message.Message):
    __slots__ = ("task_id", "task_name", "task_type", "input", "output", "status", "started_at", "completed_at", "error", "metadata", "artifact_ids", "cost_micros", "input_tokens", "output_tokens", "ui_hint", "input_json", "output_json", "attempt", "kind", "pointer", "human_request", "human_answer")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_NAME_FIELD_NUMBER: _ClassVar[int]
    TASK_TYPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_IDS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    UI_HINT_FIELD_NUMBER: _ClassVar[int]
    INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    POINTER_FIELD_NUMBER: _ClassVar[int]
    HUMAN_REQUEST_FIELD_NUMBER: _ClassVar[int]
    HUMAN_ANSWER_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    task_name: str
    task_type: _enum_pb2.WorkflowTaskType
    input: _struct_pb2.Struct
    output: _struct_pb2.Struct
    status: _enum_pb2.WorkflowTaskStatus
    started_at: str
    completed_at: str
    error: str
    metadata: _struct_pb2.Struct
    artifact_ids: _containers.RepeatedScalarFieldContainer[str]
    cost_micros: int
    input_tokens: int
    output_tokens: int
    ui_hint: str
    input_json: str
    output_json: str
    attempt: int
    kind: str
    pointer: str
    human_request: _human_pb2.HumanRequest
    human_answer: _human_pb2.HumanAnswer
    def __init__(self, task_id: _Optional[str] = ..., task_name: _Optional[str] = ..., task_type: _Optional[_Union[_enum_pb2.WorkflowTaskType, str]] = ..., input: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., output: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., status: _Optional[_Union[_enum_pb2.WorkflowTaskStatus, str]] = ..., started_at: _Optional[str] = ..., completed_at: _Optional[str] = ..., error: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., artifact_ids: _Optional[_Iterable[str]] = ..., cost_micros: _Optional[int] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., ui_hint: _Optional[str] = ..., input_json: _Optional[str] = ..., output_json: _Optional[str] = ..., attempt: _Optional[int] = ..., kind: _Optional[str] = ..., pointer: _Optional[str] = ..., human_request: _Optional[_Union[_human_pb2.HumanRequest, _Mapping]] = ..., human_answer: _Optional[_Union[_human_pb2.HumanAnswer, _Mapping]] = ...) -> None: ...
