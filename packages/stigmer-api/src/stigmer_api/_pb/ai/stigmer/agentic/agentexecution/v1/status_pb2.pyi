from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2 as _enum_pb2
from stigmer_api._pb.ai.stigmer.commons.apiresource import audit_pb2 as _audit_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AgentExecutionStatus(_message.Message):
    __slots__ = ("messages", "phase", "sub_agent_executions", "error", "started_at", "completed_at", "todos", "callback_token", "context_info", "artifacts", "pending_approvals", "setup_progress", "streaming_usage", "structured_output", "approval_event_stream", "audit", "sequence", "temporal_workflow_id", "pause_requested", "recoveries")
    class TodosEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: TodoItem
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[TodoItem, _Mapping]] = ...) -> None: ...
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    SUB_AGENT_EXECUTIONS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    TODOS_FIELD_NUMBER: _ClassVar[int]
    CALLBACK_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    PENDING_APPROVALS_FIELD_NUMBER: _ClassVar[int]
    SETUP_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    STREAMING_USAGE_FIELD_NUMBER: _ClassVar[int]
    STRUCTURED_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_EVENT_STREAM_FIELD_NUMBER: _ClassVar[int]
    AUDIT_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    PAUSE_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    RECOVERIES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[AgentMessage]
    phase: _enum_pb2.ExecutionPhase
    sub_agent_executions: _containers.RepeatedCompositeFieldContainer[SubAgentExecution]
    error: str
    started_at: str
    completed_at: str
    todos: _containers.MessageMap[str, TodoItem]
    callback_token: bytes
    context_info: ContextInfo
    artifacts: _containers.RepeatedCompositeFieldContainer[ExecutionArtifact]
    pending_approvals: _containers.RepeatedCompositeFieldContainer[PendingApproval]
    setup_progress: SetupProgress
    streaming_usage: StreamingUsageSummary
    structured_output: _struct_pb2.Struct
    approval_event_stream: ApprovalEventStream
    audit: _audit_pb2.ApiResourceAudit
    sequence: int
    temporal_workflow_id: str
    pause_requested: bool
    recoveries: int
    def __init__(self, messages: _Optional[_Iterable[_Union[AgentMessage, _Mapping]]] = ..., phase: _Optional[_Union[_enum_pb2.ExecutionPhase, str]] = ..., sub_agent_executions: _Optional[_Iterable[_Union[SubAgentExecution, _Mapping]]] = ..., error: _Optional[str] = ..., started_at: _Optional[str] = ..., completed_at: _Optional[str] = ..., todos: _Optional[_Mapping[str, TodoItem]] = ..., callback_token: _Optional[bytes] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., artifacts: _Optional[_Iterable[_Union[ExecutionArtifact, _Mapping]]] = ..., pending_approvals: _Optional[_Iterable[_Union[PendingApproval, _Mapping]]] = ..., setup_progress: _Optional[_Union[SetupProgress, _Mapping]] = ..., streaming_usage: _Optional[_Union[StreamingUsageSummary, _Mapping]] = ..., structured_output: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., approval_event_stream: _Optional[_Union[ApprovalEventStream, _Mapping]] = ..., audit: _Optional[_Union[_audit_pb2.ApiResourceAudit, _Mapping]] = ..., sequence: _Optional[int] = ..., temporal_workflow_id: _Optional[str] = ..., pause_requested: _Optional[bool] = ..., recoveries: _Optional[int] = ...) -> None: ...

class AgentMessage(_message.Message):
    __slots__ = ("type", "content", "timestamp", "tool_calls", "metadata", "is_streaming", "id")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    IS_STREAMING_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    type: _enum_pb2.MessageType
    content: str
    timestamp: str
    tool_calls: _containers.RepeatedCompositeFieldContainer[ToolCall]
    metadata: _struct_pb2.Struct
    is_streaming: bool
    id: str
    def __init__(self, type: _Optional[_Union[_enum_pb2.MessageType, str]] = ..., content: _Optional[str] = ..., timestamp: _Optional[str] = ..., tool_calls: _Optional[_Iterable[_Union[ToolCall, _Mapping]]] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., is_streaming: _Optional[bool] = ..., id: _Optional[str] = ...) -> None: ...

class ApprovalDecision(_message.Message):
    __slots__ = ("approval_request_id", "action", "decided_at", "decided_by", "comment", "edited_args_json")
    APPROVAL_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    EDITED_ARGS_JSON_FIELD_NUMBER: _ClassVar[int]
    approval_request_id: str
    action: _enum_pb2.ApprovalAction
    decided_at: str
    decided_by: str
    comment: str
    edited_args_json: str
    def __init__(self, approval_request_id: _Optional[str] = ..., action: _Optional[_Union[_enum_pb2.ApprovalAction, str]] = ..., decided_at: _Optional[str] = ..., decided_by: _Optional[str] = ..., comment: _Optional[str] = ..., edited_args_json: _Optional[str] = ...) -> None: ...

class ApprovalEvent(_message.Message):
    __slots__ = ("event_id", "approval_request_id", "event_type", "timestamp", "actor", "requested", "decided", "retracted")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_FIELD_NUMBER: _ClassVar[int]
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    RETRACTED_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    approval_request_id: str
    event_type: _enum_pb2.ApprovalEventType
    timestamp: str
    actor: str
    requested: ApprovalRequest
    decided: ApprovalDecision
    retracted: ApprovalRetraction
    def __init__(self, event_id: _Optional[str] = ..., approval_request_id: _Optional[str] = ..., event_type: _Optional[_Union[_enum_pb2.ApprovalEventType, str]] = ..., timestamp: _Optional[str] = ..., actor: _Optional[str] = ..., requested: _Optional[_Union[ApprovalRequest, _Mapping]] = ..., decided: _Optional[_Union[ApprovalDecision, _Mapping]] = ..., retracted: _Optional[_Union[ApprovalRetraction, _Mapping]] = ...) -> None: ...

class ApprovalEventStream(_message.Message):
    __slots__ = ("execution_id", "events")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    events: _containers.RepeatedCompositeFieldContainer[ApprovalEvent]
    def __init__(self, execution_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[ApprovalEvent, _Mapping]]] = ...) -> None: ...

class ApprovalRequest(_message.Message):
    __slots__ = ("approval_request_id", "tool_call_id", "requested_at", "tool_name", "message", "args_preview", "from_sub_agent", "sub_agent_name", "sub_agent_subject", "mcp_server_slug", "tool_kind", "approval_policy_source")
    APPROVAL_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    TOOL_NAME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ARGS_PREVIEW_FIELD_NUMBER: _ClassVar[int]
    FROM_SUB_AGENT_FIELD_NUMBER: _ClassVar[int]
    SUB_AGENT_NAME_FIELD_NUMBER: _ClassVar[int]
    SUB_AGENT_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    MCP_SERVER_SLUG_FIELD_NUMBER: _ClassVar[int]
    TOOL_KIND_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_POLICY_SOURCE_FIELD_NUMBER: _ClassVar[int]
    approval_request_id: str
    tool_call_id: str
    requested_at: str
    tool_name: str
    message: str
    args_preview: str
    from_sub_agent: bool
    sub_agent_name: str
    sub_agent_subject: str
    mcp_server_slug: str
    tool_kind: _enum_pb2.ToolKind
    approval_policy_source: _enum_pb2.ApprovalPolicySource
    def __init__(self, approval_request_id: _Optional[str] = ..., tool_call_id: _Optional[str] = ..., requested_at: _Optional[str] = ..., tool_name: _Optional[str] = ..., message: _Optional[str] = ..., args_preview: _Optional[str] = ..., from_sub_agent: _Optional[bool] = ..., sub_agent_name: _Optional[str] = ..., sub_agent_subject: _Optional[str] = ..., mcp_server_slug: _Optional[str] = ..., tool_kind: _Optional[_Union[_enum_pb2.ToolKind, str]] = ..., approval_policy_source: _Optional[_Union[_enum_pb2.ApprovalPolicySource, str]] = ...) -> None: ...

class ApprovalRetraction(_message.Message):
    __slots__ = ("approval_request_id", "reason", "retracted_at")
    APPROVAL_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RETRACTED_AT_FIELD_NUMBER: _ClassVar[int]
    approval_request_id: str
    reason: _enum_pb2.ApprovalRetractionReason
    retracted_at: str
    def __init__(self, approval_request_id: _Optional[str] = ..., reason: _Optional[_Union[_enum_pb2.ApprovalRetractionReason, str]] = ..., retracted_at: _Optional[str] = ...) -> None: ...

class ContextInfo(_message.Message):
    __slots__ = ("current_token_count", "context_window_limit", "summarization_trigger_threshold", "summarization_target_tokens", "summarization_enabled", "summarization_events", "utilization_percent")
    CURRENT_TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_WINDOW_LIMIT_FIELD_NUMBER: _ClassVar[int]
    SUMMARIZATION_TRIGGER_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    SUMMARIZATION_TARGET_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SUMMARIZATION_ENABLED_FIELD_NUMBER: _ClassVar[int]
    SUMMARIZATION_EVENTS_FIELD_NUMBER: _ClassVar[int]
    UTILIZATION_PERCENT_FIELD_NUMBER: _ClassVar[int]
    current_token_count: int
    context_window_limit: int
    summarization_trigger_threshold: int
    summarization_target_tokens: int
    summarization_enabled: bool
    summarization_events: _containers.RepeatedCompositeFieldContainer[SummarizationEvent]
    utilization_percent: float
    def __init__(self, current_token_count: _Optional[int] = ..., context_window_limit: _Optional[int] = ..., summarization_trigger_threshold: _Optional[int] = ..., summarization_target_tokens: _Optional[int] = ..., summarization_enabled: _Optional[bool] = ..., summarization_events: _Optional[_Iterable[_Union[SummarizationEvent, _Mapping]]] = ..., utilization_percent: _Optional[float] = ...) -> None: ...

class ExecutionArtifact(_message.Message):
    __slots__ = ("name", "sandbox_path", "kind", "size_bytes", "storage_key", "created_at", "expires_at", "entries", "content_hash")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SANDBOX_PATH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    STORAGE_KEY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    name: str
    sandbox_path: str
    kind: _enum_pb2.ExecutionArtifactKind
    size_bytes: int
    storage_key: str
    created_at: str
    expires_at: str
    entries: _containers.RepeatedScalarFieldContainer[str]
    content_hash: str
    def __init__(self, name: _Optional[str] = ..., sandbox_path: _Optional[str] = ..., kind: _Optional[_Union[_enum_pb2.ExecutionArtifactKind, str]] = ..., size_bytes: _Optional[int] = ..., storage_key: _Optional[str] = ..., created_at: _Optional[str] = ..., expires_at: _Optional[str] = ..., entries: _Optional[_Iterable[str]] = ..., content_hash: _Optional[str] = ...) -> None: ...

class PendingApproval(_message.Message):
    __slots__ = ("tool_call_id", "tool_name", "message", "args_preview", "requested_at", "from_sub_agent", "sub_agent_name", "mcp_server_slug", "sub_agent_subject", "agent_rationale", "branch_at_deny", "head_sha_at_deny", "tool_kind", "approval_policy_source", "request_id", "expires_at")
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_NAME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ARGS_PREVIEW_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    FROM_SUB_AGENT_FIELD_NUMBER: _ClassVar[int]
    SUB_AGENT_NAME_FIELD_NUMBER: _ClassVar[int]
    MCP_SERVER_SLUG_FIELD_NUMBER: _ClassVar[int]
    SUB_AGENT_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    AGENT_RATIONALE_FIELD_NUMBER: _ClassVar[int]
    BRANCH_AT_DENY_FIELD_NUMBER: _ClassVar[int]
    HEAD_SHA_AT_DENY_FIELD_NUMBER: _ClassVar[int]
    TOOL_KIND_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_POLICY_SOURCE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    tool_call_id: str
    tool_name: str
    message: str
    args_preview: str
    requested_at: str
    from_sub_agent: bool
    sub_agent_name: str
    mcp_server_slug: str
    sub_agent_subject: str
    agent_rationale: str
    branch_at_deny: str
    head_sha_at_deny: str
    tool_kind: _enum_pb2.ToolKind
    approval_policy_source: _enum_pb2.ApprovalPolicySource
    request_id: str
    expires_at: str
    def __init__(self, tool_call_id: _Optional[str] = ..., tool_name: _Optional[str] = ..., message: _Optional[str] = ..., args_preview: _Optional[str] = ..., requested_at: _Optional[str] = ..., from_sub_agent: _Optional[bool] = ..., sub_agent_name: _Optional[str] = ..., mcp_server_slug: _Optional[str] = ..., sub_agent_subject: _Optional[str] = ..., agent_rationale: _Optional[str] = ..., branch_at_deny: _Optional[str] = ..., head_sha_at_deny: _Optional[str] = ..., tool_kind: _Optional[_Union[_enum_pb2.ToolKind, str]] = ..., approval_policy_source: _Optional[_Union[_enum_pb2.ApprovalPolicySource, str]] = ..., request_id: _Optional[str] = ..., expires_at: _Optional[str] = ...) -> None: ...

class SetupProgress(_message.Message):
    __slots__ = ("current_phase",)
    CURRENT_PHASE_FIELD_NUMBER: _ClassVar[int]
    current_phase: str
    def __init__(self, current_phase: _Optional[str] = ...) -> None: ...

class StreamingUsageSummary(_message.Message):
    __slots__ = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "total_tokens", "turn_count", "estimated_cost_usd", "model", "observed_at", "requested_service_tier", "requested_model_params", "requested_thinking_mode", "unpriced_turns")
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_READ_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TURN_COUNT_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_COST_USD_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_MODEL_PARAMS_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_THINKING_MODE_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_TURNS_FIELD_NUMBER: _ClassVar[int]
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    total_tokens: int
    turn_count: int
    estimated_cost_usd: float
    model: str
    observed_at: str
    requested_service_tier: _enum_pb2.ServiceTier
    requested_model_params: str
    requested_thinking_mode: _enum_pb2.ThinkingMode
    unpriced_turns: int
    def __init__(self, input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_write_tokens: _Optional[int] = ..., total_tokens: _Optional[int] = ..., turn_count: _Optional[int] = ..., estimated_cost_usd: _Optional[float] = ..., model: _Optional[str] = ..., observed_at: _Optional[str] = ..., requested_service_tier: _Optional[_Union[_enum_pb2.ServiceTier, str]] = ..., requested_model_params: _Optional[str] = ..., requested_thinking_mode: _Optional[_Union[_enum_pb2.ThinkingMode, str]] = ..., unpriced_turns: _Optional[int] = ...) -> None: ...

class SubAgentExecution(_message.Message):
    __slots__ = ("id", "name", "input", "output", "status", "started_at", "completed_at", "error", "metadata", "messages", "subject", "todos")
    class TodosEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: TodoItem
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[TodoItem, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TODOS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    input: str
    output: str
    status: _enum_pb2.SubAgentStatus
    started_at: str
    completed_at: str
    error: str
    metadata: _struct_pb2.Struct
    messages: _containers.RepeatedCompositeFieldContainer[AgentMessage]
    subject: str
    todos: _containers.MessageMap[str, TodoItem]
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., input: _Optional[str] = ..., output: _Optional[str] = ..., status: _Optional[_Union[_enum_pb2.SubAgentStatus, str]] = ..., started_at: _Optional[str] = ..., completed_at: _Optional[str] = ..., error: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., messages: _Optional[_Iterable[_Union[AgentMessage, _Mapping]]] = ..., subject: _Optional[str] = ..., todos: _Optional[_Mapping[str, TodoItem]] = ...) -> None: ...

class SummarizationEvent(_message.Message):
    __slots__ = ("timestamp", "tokens_before", "tokens_after", "compression_ratio", "duration_ms", "summarization_model", "messages_before", "messages_after", "source", "summarization_input_tokens", "summarization_output_tokens", "summarization_cost_usd")
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    TOKENS_BEFORE_FIELD_NUMBER: _ClassVar[int]
    TOKENS_AFTER_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_RATIO_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    SUMMARIZATION_MODEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_BEFORE_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_AFTER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SUMMARIZATION_INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SUMMARIZATION_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SUMMARIZATION_COST_USD_FIELD_NUMBER: _ClassVar[int]
    timestamp: str
    tokens_before: int
    tokens_after: int
    compression_ratio: float
    duration_ms: int
    summarization_model: str
    messages_before: int
    messages_after: int
    source: _enum_pb2.SummarizationSource
    summarization_input_tokens: int
    summarization_output_tokens: int
    summarization_cost_usd: float
    def __init__(self, timestamp: _Optional[str] = ..., tokens_before: _Optional[int] = ..., tokens_after: _Optional[int] = ..., compression_ratio: _Optional[float] = ..., duration_ms: _Optional[int] = ..., summarization_model: _Optional[str] = ..., messages_before: _Optional[int] = ..., messages_after: _Optional[int] = ..., source: _Optional[_Union[_enum_pb2.SummarizationSource, str]] = ..., summarization_input_tokens: _Optional[int] = ..., summarization_output_tokens: _Optional[int] = ..., summarization_cost_usd: _Optional[float] = ...) -> None: ...

class TodoItem(_message.Message):
    __slots__ = ("id", "content", "status", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    content: str
    status: _enum_pb2.TodoStatus
    created_at: str
    updated_at: str
    def __init__(self, id: _Optional[str] = ..., content: _Optional[str] = ..., status: _Optional[_Union[_enum_pb2.TodoStatus, str]] = ..., created_at: _Optional[str] = ..., updated_at: _Optional[str] = ...) -> None: ...

class ToolCall(_message.Message):
    __slots__ = ("id", "name", "args", "result", "status", "started_at", "completed_at", "error", "requires_approval", "approval_message", "approval_requested_at", "approval_decided_at", "approved_by", "approval_action", "is_streaming", "mcp_server_slug", "args_preview", "streaming_source", "tool_kind", "output_ref", "approval_policy_source", "policy_engine_version", "approval_content_digest", "file_change_set_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_APPROVAL_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_ACTION_FIELD_NUMBER: _ClassVar[int]
    IS_STREAMING_FIELD_NUMBER: _ClassVar[int]
    MCP_SERVER_SLUG_FIELD_NUMBER: _ClassVar[int]
    ARGS_PREVIEW_FIELD_NUMBER: _ClassVar[int]
    STREAMING_SOURCE_FIELD_NUMBER: _ClassVar[int]
    TOOL_KIND_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_REF_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_POLICY_SOURCE_FIELD_NUMBER: _ClassVar[int]
    POLICY_ENGINE_VERSION_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_CONTENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    FILE_CHANGE_SET_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    args: _struct_pb2.Struct
    result: str
    status: _enum_pb2.ToolCallStatus
    started_at: str
    completed_at: str
    error: str
    requires_approval: bool
    approval_message: str
    approval_requested_at: str
    approval_decided_at: str
    approved_by: str
    approval_action: _enum_pb2.ApprovalAction
    is_streaming: bool
    mcp_server_slug: str
    args_preview: str
    streaming_source: _enum_pb2.ToolCallStreamingSource
    tool_kind: _enum_pb2.ToolKind
    output_ref: ToolCallOutputRef
    approval_policy_source: _enum_pb2.ApprovalPolicySource
    policy_engine_version: str
    approval_content_digest: str
    file_change_set_id: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., args: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., result: _Optional[str] = ..., status: _Optional[_Union[_enum_pb2.ToolCallStatus, str]] = ..., started_at: _Optional[str] = ..., completed_at: _Optional[str] = ..., error: _Optional[str] = ..., requires_approval: _Optional[bool] = ..., approval_message: _Optional[str] = ..., approval_requested_at: _Optional[str] = ..., approval_decided_at: _Optional[str] = ..., approved_by: _Optional[str] = ..., approval_action: _Optional[_Union[_enum_pb2.ApprovalAction, str]] = ..., is_streaming: _Optional[bool] = ..., mcp_server_slug: _Optional[str] = ..., args_preview: _Optional[str] = ..., streaming_source: _Optional[_Union[_enum_pb2.ToolCallStreamingSource, str]] = ..., tool_kind: _Optional[_Union[_enum_pb2.ToolKind, str]] = ..., output_ref: _Optional[_Union[ToolCallOutputRef, _Mapping]] = ..., approval_policy_source: _Optional[_Union[_enum_pb2.ApprovalPolicySource, str]] = ..., policy_engine_version: _Optional[str] = ..., approval_content_digest: _Optional[str] = ..., file_change_set_id: _Optional[str] = ...) -> None: ...

class ToolCallOutputRef(_message.Message):
    __slots__ = ("storage_key", "size_bytes", "content_hash", "mime_type", "is_image", "truncated_preview")
    STORAGE_KEY_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    IS_IMAGE_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_PREVIEW_FIELD_NUMBER: _ClassVar[int]
    storage_key: str
    size_bytes: int
    content_hash: str
    mime_type: str
    is_image: bool
    truncated_preview: str
    def __init__(self, storage_key: _Optional[str] = ..., size_bytes: _Optional[int] = ..., content_hash: _Optional[str] = ..., mime_type: _Optional[str] = ..., is_image: _Optional[bool] = ..., truncated_preview: _Optional[str] = ...) -> None: ...
