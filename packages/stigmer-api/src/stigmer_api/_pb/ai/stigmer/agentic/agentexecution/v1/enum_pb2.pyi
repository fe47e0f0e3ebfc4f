from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class AgentExecutionSummaryTimeWindow(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGENT_EXECUTION_SUMMARY_TIME_WINDOW_UNSPECIFIED: _ClassVar[AgentExecutionSummaryTimeWindow]
    AGENT_EXECUTION_SUMMARY_TIME_WINDOW_LAST_24H: _ClassVar[AgentExecutionSummaryTimeWindow]
    AGENT_EXECUTION_SUMMARY_TIME_WINDOW_LAST_7D: _ClassVar[AgentExecutionSummaryTimeWindow]
    AGENT_EXECUTION_SUMMARY_TIME_WINDOW_LAST_30D: _ClassVar[AgentExecutionSummaryTimeWindow]
    AGENT_EXECUTION_SUMMARY_TIME_WINDOW_ALL_TIME: _ClassVar[AgentExecutionSummaryTimeWindow]

class ApprovalAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPROVAL_ACTION_UNSPECIFIED: _ClassVar[ApprovalAction]
    APPROVAL_ACTION_APPROVE: _ClassVar[ApprovalAction]
    APPROVAL_ACTION_SKIP: _ClassVar[ApprovalAction]
    APPROVAL_ACTION_REJECT: _ClassVar[ApprovalAction]
    APPROVAL_ACTION_APPROVE_ALL: _ClassVar[ApprovalAction]

class ApprovalEventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPROVAL_EVENT_TYPE_UNSPECIFIED: _ClassVar[ApprovalEventType]
    APPROVAL_EVENT_TYPE_REQUESTED: _ClassVar[ApprovalEventType]
    APPROVAL_EVENT_TYPE_APPROVED: _ClassVar[ApprovalEventType]
    APPROVAL_EVENT_TYPE_REJECTED: _ClassVar[ApprovalEventType]
    APPROVAL_EVENT_TYPE_SKIPPED: _ClassVar[ApprovalEventType]
    APPROVAL_EVENT_TYPE_RETRACTED: _ClassVar[ApprovalEventType]

class ApprovalMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPROVAL_MODE_UNSPECIFIED: _ClassVar[ApprovalMode]
    APPROVAL_MODE_INTERACTIVE: _ClassVar[ApprovalMode]
    APPROVAL_MODE_UNATTENDED: _ClassVar[ApprovalMode]

class ApprovalPolicySource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPROVAL_POLICY_SOURCE_UNSPECIFIED: _ClassVar[ApprovalPolicySource]
    APPROVAL_POLICY_SOURCE_CLASSIFIER_DEFAULT: _ClassVar[ApprovalPolicySource]
    APPROVAL_POLICY_SOURCE_PINNED_OVERRIDE: _ClassVar[ApprovalPolicySource]
    APPROVAL_POLICY_SOURCE_AGENT_OVERRIDE: _ClassVar[ApprovalPolicySource]
    APPROVAL_POLICY_SOURCE_AUTO_APPROVE_ALL: _ClassVar[ApprovalPolicySource]
    APPROVAL_POLICY_SOURCE_APPROVAL_LEASE: _ClassVar[ApprovalPolicySource]
    APPROVAL_POLICY_SOURCE_BUILTIN_CATEGORY: _ClassVar[ApprovalPolicySource]
    APPROVAL_POLICY_SOURCE_ANNOTATION_DESTRUCTIVE_TIGHTEN: _ClassVar[ApprovalPolicySource]
    APPROVAL_POLICY_SOURCE_UNATTENDED_SKIP: _ClassVar[ApprovalPolicySource]

class ApprovalRetractionReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPROVAL_RETRACTION_REASON_UNSPECIFIED: _ClassVar[ApprovalRetractionReason]
    APPROVAL_RETRACTION_REASON_SUB_AGENT_TERMINAL: _ClassVar[ApprovalRetractionReason]
    APPROVAL_RETRACTION_REASON_SUPERSEDED: _ClassVar[ApprovalRetractionReason]

class ExecutionArtifactKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_ARTIFACT_KIND_UNSPECIFIED: _ClassVar[ExecutionArtifactKind]
    EXECUTION_ARTIFACT_KIND_FILE: _ClassVar[ExecutionArtifactKind]
    EXECUTION_ARTIFACT_KIND_DIRECTORY: _ClassVar[ExecutionArtifactKind]

class ExecutionControlSignal(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_CONTROL_SIGNAL_UNSPECIFIED: _ClassVar[ExecutionControlSignal]
    EXECUTION_CONTROL_SIGNAL_STOP: _ClassVar[ExecutionControlSignal]
    EXECUTION_CONTROL_SIGNAL_WARNING: _ClassVar[ExecutionControlSignal]
    EXECUTION_CONTROL_SIGNAL_PAUSE: _ClassVar[ExecutionControlSignal]

class ExecutionPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_PHASE_UNSPECIFIED: _ClassVar[ExecutionPhase]
    EXECUTION_PENDING: _ClassVar[ExecutionPhase]
    EXECUTION_IN_PROGRESS: _ClassVar[ExecutionPhase]
    EXECUTION_COMPLETED: _ClassVar[ExecutionPhase]
    EXECUTION_FAILED: _ClassVar[ExecutionPhase]
    EXECUTION_CANCELLED: _ClassVar[ExecutionPhase]
    EXECUTION_WAITING_FOR_APPROVAL: _ClassVar[ExecutionPhase]
    EXECUTION_PAUSED: _ClassVar[ExecutionPhase]
    EXECUTION_TERMINATED: _ClassVar[ExecutionPhase]

class InteractionMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INTERACTION_MODE_UNSPECIFIED: _ClassVar[InteractionMode]
    INTERACTION_MODE_AGENT: _ClassVar[InteractionMode]
    INTERACTION_MODE_PLAN: _ClassVar[InteractionMode]

class MessageType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSAGE_TYPE_UNSPECIFIED: _ClassVar[MessageType]
    MESSAGE_HUMAN: _ClassVar[MessageType]
    MESSAGE_AI: _ClassVar[MessageType]
    MESSAGE_TOOL: _ClassVar[MessageType]
    MESSAGE_SYSTEM: _ClassVar[MessageType]
    MESSAGE_THINKING: _ClassVar[MessageType]

class ServiceTier(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SERVICE_TIER_UNSPECIFIED: _ClassVar[ServiceTier]
    SERVICE_TIER_STANDARD: _ClassVar[ServiceTier]
    SERVICE_TIER_FAST: _ClassVar[ServiceTier]

class SubAgentStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUB_AGENT_STATUS_UNSPECIFIED: _ClassVar[SubAgentStatus]
    SUB_AGENT_PENDING: _ClassVar[SubAgentStatus]
    SUB_AGENT_IN_PROGRESS: _ClassVar[SubAgentStatus]
    SUB_AGENT_COMPLETED: _ClassVar[SubAgentStatus]
    SUB_AGENT_FAILED: _ClassVar[SubAgentStatus]
    SUB_AGENT_CANCELLED: _ClassVar[SubAgentStatus]

class SummarizationSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUMMARIZATION_SOURCE_UNSPECIFIED: _ClassVar[SummarizationSource]
    graph_start: _ClassVar[SummarizationSource]
    mid_execution: _ClassVar[SummarizationSource]

class ThinkingMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    THINKING_MODE_UNSPECIFIED: _ClassVar[ThinkingMode]
    THINKING_MODE_DISABLED: _ClassVar[ThinkingMode]
    THINKING_MODE_ENABLED: _ClassVar[ThinkingMode]

class TodoStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TODO_STATUS_UNSPECIFIED: _ClassVar[TodoStatus]
    TODO_PENDING: _ClassVar[TodoStatus]
    TODO_IN_PROGRESS: _ClassVar[TodoStatus]
    TODO_COMPLETED: _ClassVar[TodoStatus]
    TODO_CANCELLED: _ClassVar[TodoStatus]

class ToolCallStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOOL_CALL_STATUS_UNSPECIFIED: _ClassVar[ToolCallStatus]
    TOOL_CALL_PENDING: _ClassVar[ToolCallStatus]
    TOOL_CALL_RUNNING: _ClassVar[ToolCallStatus]
    TOOL_CALL_COMPLETED: _ClassVar[ToolCallStatus]
    TOOL_CALL_FAILED: _ClassVar[ToolCallStatus]
    TOOL_CALL_WAITING_APPROVAL: _ClassVar[ToolCallStatus]
    TOOL_CALL_SKIPPED: _ClassVar[ToolCallStatus]
    TOOL_CALL_INTERRUPTED: _ClassVar[ToolCallStatus]

class ToolCallStreamingSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOOL_CALL_STREAMING_SOURCE_UNSPECIFIED: _ClassVar[ToolCallStreamingSource]
    TOOL_CALL_STREAMING_SOURCE_INPUT: _ClassVar[ToolCallStreamingSource]
    TOOL_CALL_STREAMING_SOURCE_OUTPUT: _ClassVar[ToolCallStreamingSource]

class ToolKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOOL_KIND_UNSPECIFIED: _ClassVar[ToolKind]
    TOOL_KIND_FILE_READ: _ClassVar[ToolKind]
    TOOL_KIND_FILE_WRITE: _ClassVar[ToolKind]
    TOOL_KIND_FILE_EDIT: _ClassVar[ToolKind]
    TOOL_KIND_FILE_DELETE: _ClassVar[ToolKind]
    TOOL_KIND_SHELL: _ClassVar[ToolKind]
    TOOL_KIND_SEARCH: _ClassVar[ToolKind]
    TOOL_KIND_LIST: _ClassVar[ToolKind]
    TOOL_KIND_FETCH: _ClassVar[ToolKind]
    TOOL_KIND_WEB_SEARCH: _ClassVar[ToolKind]
    TOOL_KIND_THINK: _ClassVar[ToolKind]
    TOOL_KIND_TODO: _ClassVar[ToolKind]
    TOOL_KIND_SUBAGENT: _ClassVar[ToolKind]
    TOOL_KIND_MCP: _ClassVar[ToolKind]
    TOOL_KIND_MEMORY: _ClassVar[ToolKind]
AGENT_EXECUTION_SUMMARY_TIME_WINDOW_UNSPECIFIED: AgentExecutionSummaryTimeWindow
AGENT_EXECUTION_SUMMARY_TIME_WINDOW_LAST_24H: AgentExecutionSummaryTimeWindow
AGENT_EXECUTION_SUMMARY_TIME_WINDOW_LAST_7D: AgentExecutionSummaryTimeWindow
AGENT_EXECUTION_SUMMARY_TIME_WINDOW_LAST_30D: AgentExecutionSummaryTimeWindow
AGENT_EXECUTION_SUMMARY_TIME_WINDOW_ALL_TIME: AgentExecutionSummaryTimeWindow
APPROVAL_ACTION_UNSPECIFIED: ApprovalAction
APPROVAL_ACTION_APPROVE: ApprovalAction
APPROVAL_ACTION_SKIP: ApprovalAction
APPROVAL_ACTION_REJECT: ApprovalAction
APPROVAL_ACTION_APPROVE_ALL: ApprovalAction
APPROVAL_EVENT_TYPE_UNSPECIFIED: ApprovalEventType
APPROVAL_EVENT_TYPE_REQUESTED: ApprovalEventType
APPROVAL_EVENT_TYPE_APPROVED: ApprovalEventType
APPROVAL_EVENT_TYPE_REJECTED: ApprovalEventType
APPROVAL_EVENT_TYPE_SKIPPED: ApprovalEventType
APPROVAL_EVENT_TYPE_RETRACTED: ApprovalEventType
APPROVAL_MODE_UNSPECIFIED: ApprovalMode
APPROVAL_MODE_INTERACTIVE: ApprovalMode
APPROVAL_MODE_UNATTENDED: ApprovalMode
APPROVAL_POLICY_SOURCE_UNSPECIFIED: ApprovalPolicySource
APPROVAL_POLICY_SOURCE_CLASSIFIER_DEFAULT: ApprovalPolicySource
APPROVAL_POLICY_SOURCE_PINNED_OVERRIDE: ApprovalPolicySource
APPROVAL_POLICY_SOURCE_AGENT_OVERRIDE: ApprovalPolicySource
APPROVAL_POLICY_SOURCE_AUTO_APPROVE_ALL: ApprovalPolicySource
APPROVAL_POLICY_SOURCE_APPROVAL_LEASE: ApprovalPolicySource
APPROVAL_POLICY_SOURCE_BUILTIN_CATEGORY: ApprovalPolicySource
APPROVAL_POLICY_SOURCE_ANNOTATION_DESTRUCTIVE_TIGHTEN: ApprovalPolicySource
APPROVAL_POLICY_SOURCE_UNATTENDED_SKIP: ApprovalPolicySource
APPROVAL_RETRACTION_REASON_UNSPECIFIED: ApprovalRetractionReason
APPROVAL_RETRACTION_REASON_SUB_AGENT_TERMINAL: ApprovalRetractionReason
APPROVAL_RETRACTION_REASON_SUPERSEDED: ApprovalRetractionReason
EXECUTION_ARTIFACT_KIND_UNSPECIFIED: ExecutionArtifactKind
EXECUTION_ARTIFACT_KIND_FILE: ExecutionArtifactKind
EXECUTION_ARTIFACT_KIND_DIRECTORY: ExecutionArtifactKind
EXECUTION_CONTROL_SIGNAL_UNSPECIFIED: ExecutionControlSignal
EXECUTION_CONTROL_SIGNAL_STOP: ExecutionControlSignal
EXECUTION_CONTROL_SIGNAL_WARNING: ExecutionControlSignal
EXECUTION_CONTROL_SIGNAL_PAUSE: ExecutionControlSignal
EXECUTION_PHASE_UNSPECIFIED: ExecutionPhase
EXECUTION_PENDING: ExecutionPhase
EXECUTION_IN_PROGRESS: ExecutionPhase
EXECUTION_COMPLETED: ExecutionPhase
EXECUTION_FAILED: ExecutionPhase
EXECUTION_CANCELLED: ExecutionPhase
EXECUTION_WAITING_FOR_APPROVAL: ExecutionPhase
EXECUTION_PAUSED: ExecutionPhase
EXECUTION_TERMINATED: ExecutionPhase
INTERACTION_MODE_UNSPECIFIED: InteractionMode
INTERACTION_MODE_AGENT: InteractionMode
INTERACTION_MODE_PLAN: InteractionMode
MESSAGE_TYPE_UNSPECIFIED: MessageType
MESSAGE_HUMAN: MessageType
MESSAGE_AI: MessageType
MESSAGE_TOOL: MessageType
MESSAGE_SYSTEM: MessageType
MESSAGE_THINKING: MessageType
SERVICE_TIER_UNSPECIFIED: ServiceTier
SERVICE_TIER_STANDARD: ServiceTier
SERVICE_TIER_FAST: ServiceTier
SUB_AGENT_STATUS_UNSPECIFIED: SubAgentStatus
SUB_AGENT_PENDING: SubAgentStatus
SUB_AGENT_IN_PROGRESS: SubAgentStatus
SUB_AGENT_COMPLETED: SubAgentStatus
SUB_AGENT_FAILED: SubAgentStatus
SUB_AGENT_CANCELLED: SubAgentStatus
SUMMARIZATION_SOURCE_UNSPECIFIED: SummarizationSource
graph_start: SummarizationSource
mid_execution: SummarizationSource
THINKING_MODE_UNSPECIFIED: ThinkingMode
THINKING_MODE_DISABLED: ThinkingMode
THINKING_MODE_ENABLED: ThinkingMode
TODO_STATUS_UNSPECIFIED: TodoStatus
TODO_PENDING: TodoStatus
TODO_IN_PROGRESS: TodoStatus
TODO_COMPLETED: TodoStatus
TODO_CANCELLED: TodoStatus
TOOL_CALL_STATUS_UNSPECIFIED: ToolCallStatus
TOOL_CALL_PENDING: ToolCallStatus
TOOL_CALL_RUNNING: ToolCallStatus
TOOL_CALL_COMPLETED: ToolCallStatus
TOOL_CALL_FAILED: ToolCallStatus
TOOL_CALL_WAITING_APPROVAL: ToolCallStatus
TOOL_CALL_SKIPPED: ToolCallStatus
TOOL_CALL_INTERRUPTED: ToolCallStatus
TOOL_CALL_STREAMING_SOURCE_UNSPECIFIED: ToolCallStreamingSource
TOOL_CALL_STREAMING_SOURCE_INPUT: ToolCallStreamingSource
TOOL_CALL_STREAMING_SOURCE_OUTPUT: ToolCallStreamingSource
TOOL_KIND_UNSPECIFIED: ToolKind
TOOL_KIND_FILE_READ: ToolKind
TOOL_KIND_FILE_WRITE: ToolKind
TOOL_KIND_FILE_EDIT: ToolKind
TOOL_KIND_FILE_DELETE: ToolKind
TOOL_KIND_SHELL: ToolKind
TOOL_KIND_SEARCH: ToolKind
TOOL_KIND_LIST: ToolKind
TOOL_KIND_FETCH: ToolKind
TOOL_KIND_WEB_SEARCH: ToolKind
TOOL_KIND_THINK: ToolKind
TOOL_KIND_TODO: ToolKind
TOOL_KIND_SUBAGENT: ToolKind
TOOL_KIND_MCP: ToolKind
TOOL_KIND_MEMORY: ToolKind
