import datetime

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import io_pb2 as _io_pb2
from stigmer_api._pb.ai.stigmer.agentic.session.v1 import enum_pb2 as _enum_pb2
from stigmer_api._pb.ai.stigmer.agentic.session.v1 import spec_pb2 as _spec_pb2
from stigmer_api._pb.ai.stigmer.agentic.workflow.v1 import spec_pb2 as _spec_pb2_1
from stigmer_api._pb.ai.stigmer.commons.apiresource import io_pb2 as _io_pb2_1
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EvalFailPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVAL_FAIL_POLICY_UNSPECIFIED: _ClassVar[EvalFailPolicy]
    EVAL_FAIL_RAISE: _ClassVar[EvalFailPolicy]
    EVAL_FAIL_BRANCH: _ClassVar[EvalFailPolicy]
    EVAL_FAIL_WARN: _ClassVar[EvalFailPolicy]

class EvalScoringMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVAL_SCORING_MODE_UNSPECIFIED: _ClassVar[EvalScoringMode]
    EVAL_PASS_FAIL: _ClassVar[EvalScoringMode]
    EVAL_NUMERIC_SCORE: _ClassVar[EvalScoringMode]
    EVAL_MULTI_CRITERIA: _ClassVar[EvalScoringMode]

class ForEachErrorPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FOR_EACH_ERROR_POLICY_UNSPECIFIED: _ClassVar[ForEachErrorPolicy]
    FOR_EACH_FAIL_FAST: _ClassVar[ForEachErrorPolicy]
    FOR_EACH_CONTINUE: _ClassVar[ForEachErrorPolicy]
    FOR_EACH_SKIP: _ClassVar[ForEachErrorPolicy]

class HumanInputTimeoutPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HUMAN_INPUT_TIMEOUT_POLICY_UNSPECIFIED: _ClassVar[HumanInputTimeoutPolicy]
    HUMAN_INPUT_TIMEOUT_FAIL: _ClassVar[HumanInputTimeoutPolicy]
    HUMAN_INPUT_TIMEOUT_APPROVE: _ClassVar[HumanInputTimeoutPolicy]
    HUMAN_INPUT_TIMEOUT_DENY: _ClassVar[HumanInputTimeoutPolicy]
    HUMAN_INPUT_TIMEOUT_ESCALATE: _ClassVar[HumanInputTimeoutPolicy]

class OnInvalidOutputPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_INVALID_POLICY_UNSPECIFIED: _ClassVar[OnInvalidOutputPolicy]
    ON_INVALID_FAIL: _ClassVar[OnInvalidOutputPolicy]
    ON_INVALID_RETRY: _ClassVar[OnInvalidOutputPolicy]
    ON_INVALID_FALLBACK: _ClassVar[OnInvalidOutputPolicy]

class TransformEngine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFORM_ENGINE_UNSPECIFIED: _ClassVar[TransformEngine]
    TRANSFORM_ENGINE_JQ: _ClassVar[TransformEngine]
    TRANSFORM_ENGINE_JSONATA: _ClassVar[TransformEngine]
    TRANSFORM_ENGINE_TEMPLATE: _ClassVar[TransformEngine]

class ValidationFailPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VALIDATION_FAIL_POLICY_UNSPECIFIED: _ClassVar[ValidationFailPolicy]
    VALIDATION_FAIL_RAISE: _ClassVar[ValidationFailPolicy]
    VALIDATION_FAIL_BRANCH: _ClassVar[ValidationFailPolicy]
    VALIDATION_FAIL_WARN: _ClassVar[ValidationFailPolicy]
EVAL_FAIL_POLICY_UNSPECIFIED: EvalFailPolicy
EVAL_FAIL_RAISE: EvalFailPolicy
EVAL_FAIL_BRANCH: EvalFailPolicy
EVAL_FAIL_WARN: EvalFailPolicy
EVAL_SCORING_MODE_UNSPECIFIED: EvalScoringMode
EVAL_PASS_FAIL: EvalScoringMode
EVAL_NUMERIC_SCORE: EvalScoringMode
EVAL_MULTI_CRITERIA: EvalScoringMode
FOR_EACH_ERROR_POLICY_UNSPECIFIED: ForEachErrorPolicy
FOR_EACH_FAIL_FAST: ForEachErrorPolicy
FOR_EACH_CONTINUE: ForEachErrorPolicy
FOR_EACH_SKIP: ForEachErrorPolicy
HUMAN_INPUT_TIMEOUT_POLICY_UNSPECIFIED: HumanInputTimeoutPolicy
HUMAN_INPUT_TIMEOUT_FAIL: HumanInputTimeoutPolicy
HUMAN_INPUT_TIMEOUT_APPROVE: HumanInputTimeoutPolicy
HUMAN_INPUT_TIMEOUT_DENY: HumanInputTimeoutPolicy
HUMAN_INPUT_TIMEOUT_ESCALATE: HumanInputTimeoutPolicy
ON_INVALID_POLICY_UNSPECIFIED: OnInvalidOutputPolicy
ON_INVALID_FAIL: OnInvalidOutputPolicy
ON_INVALID_RETRY: OnInvalidOutputPolicy
ON_INVALID_FALLBACK: OnInvalidOutputPolicy
TRANSFORM_ENGINE_UNSPECIFIED: TransformEngine
TRANSFORM_ENGINE_JQ: TransformEngine
TRANSFORM_ENGINE_JSONATA: TransformEngine
TRANSFORM_ENGINE_TEMPLATE: TransformEngine
VALIDATION_FAIL_POLICY_UNSPECIFIED: ValidationFailPolicy
VALIDATION_FAIL_RAISE: ValidationFailPolicy
VALIDATION_FAIL_BRANCH: ValidationFailPolicy
VALIDATION_FAIL_WARN: ValidationFailPolicy

class EmitEventSpec(_message.Message):
    __slots__ = ("type", "source", "data", "subject")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    type: str
    source: str
    data: _struct_pb2.Struct
    subject: str
    def __init__(self, type: _Optional[str] = ..., source: _Optional[str] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., subject: _Optional[str] = ...) -> None: ...

class SignalSpec(_message.Message):
    __slots__ = ("id", "type")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class AgentCallOutputContract(_message.Message):
    __slots__ = ("schema", "on_invalid", "max_retries", "fallback_task")
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    ON_INVALID_FIELD_NUMBER: _ClassVar[int]
    MAX_RETRIES_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_TASK_FIELD_NUMBER: _ClassVar[int]
    schema: _struct_pb2.Struct
    on_invalid: OnInvalidOutputPolicy
    max_retries: int
    fallback_task: str
    def __init__(self, schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., on_invalid: _Optional[_Union[OnInvalidOutputPolicy, str]] = ..., max_retries: _Optional[int] = ..., fallback_task: _Optional[str] = ...) -> None: ...

class AgentCallTaskConfig(_message.Message):
    __slots__ = ("agent", "message", "env", "run_config", "output", "harness", "workspace_entries", "environment_refs")
    class EnvEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AGENT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    RUN_CONFIG_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    HARNESS_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_REFS_FIELD_NUMBER: _ClassVar[int]
    agent: str
    message: str
    env: _containers.ScalarMap[str, str]
    run_config: _io_pb2.RunConfig
    output: AgentCallOutputContract
    harness: _enum_pb2.Harness
    workspace_entries: _containers.RepeatedCompositeFieldContainer[_spec_pb2.WorkspaceEntry]
    environment_refs: _containers.RepeatedCompositeFieldContainer[_io_pb2_1.ApiResourceReference]
    def __init__(self, agent: _Optional[str] = ..., message: _Optional[str] = ..., env: _Optional[_Mapping[str, str]] = ..., run_config: _Optional[_Union[_io_pb2.RunConfig, _Mapping]] = ..., output: _Optional[_Union[AgentCallOutputContract, _Mapping]] = ..., harness: _Optional[_Union[_enum_pb2.Harness, str]] = ..., workspace_entries: _Optional[_Iterable[_Union[_spec_pb2.WorkspaceEntry, _Mapping]]] = ..., environment_refs: _Optional[_Iterable[_Union[_io_pb2_1.ApiResourceReference, _Mapping]]] = ...) -> None: ...

class CallActivityTaskConfig(_message.Message):
    __slots__ = ("activity", "input")
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    activity: str
    input: _struct_pb2.Struct
    def __init__(self, activity: _Optional[str] = ..., input: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class CatchBlock(_message.Message):
    __slots__ = ("do", "compensate")
    AS_FIELD_NUMBER: _ClassVar[int]
    DO_FIELD_NUMBER: _ClassVar[int]
    COMPENSATE_FIELD_NUMBER: _ClassVar[int]
    do: _containers.RepeatedCompositeFieldContainer[_spec_pb2_1.WorkflowTask]
    compensate: bool
    def __init__(self, do: _Optional[_Iterable[_Union[_spec_pb2_1.WorkflowTask, _Mapping]]] = ..., compensate: _Optional[bool] = ..., **kwargs) -> None: ...

class Duration(_message.Message):
    __slots__ = ("days", "hours", "minutes", "seconds", "milliseconds")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    MINUTES_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    MILLISECONDS_FIELD_NUMBER: _ClassVar[int]
    days: int
    hours: int
    minutes: int
    seconds: int
    milliseconds: int
    def __init__(self, days: _Optional[int] = ..., hours: _Optional[int] = ..., minutes: _Optional[int] = ..., seconds: _Optional[int] = ..., milliseconds: _Optional[int] = ...) -> None: ...

class EmitDeliveryTarget(_message.Message):
    __slots__ = ("webhook", "signal")
    WEBHOOK_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    webhook: WebhookDelivery
    signal: SignalDelivery
    def __init__(self, webhook: _Optional[_Union[WebhookDelivery, _Mapping]] = ..., signal: _Optional[_Union[SignalDelivery, _Mapping]] = ...) -> None: ...

class EmitEventTaskConfig(_message.Message):
    __slots__ = ("event", "delivery")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    event: EmitEventSpec
    delivery: _containers.RepeatedCompositeFieldContainer[EmitDeliveryTarget]
    def __init__(self, event: _Optional[_Union[EmitEventSpec, _Mapping]] = ..., delivery: _Optional[_Iterable[_Union[EmitDeliveryTarget, _Mapping]]] = ...) -> None: ...

class EvalCriterion(_message.Message):
    __slots__ = ("name", "description", "weight")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    weight: float
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., weight: _Optional[float] = ...) -> None: ...

class EvalTaskConfig(_message.Message):
    __slots__ = ("model", "subject", "rubric", "scoring_mode", "threshold", "on_fail", "fallback_task", "system_prompt", "criteria", "max_cost_micros")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    RUBRIC_FIELD_NUMBER: _ClassVar[int]
    SCORING_MODE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    ON_FAIL_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_TASK_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PROMPT_FIELD_NUMBER: _ClassVar[int]
    CRITERIA_FIELD_NUMBER: _ClassVar[int]
    MAX_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    model: str
    subject: str
    rubric: str
    scoring_mode: EvalScoringMode
    threshold: float
    on_fail: EvalFailPolicy
    fallback_task: str
    system_prompt: str
    criteria: _containers.RepeatedCompositeFieldContainer[EvalCriterion]
    max_cost_micros: int
    def __init__(self, model: _Optional[str] = ..., subject: _Optional[str] = ..., rubric: _Optional[str] = ..., scoring_mode: _Optional[_Union[EvalScoringMode, str]] = ..., threshold: _Optional[float] = ..., on_fail: _Optional[_Union[EvalFailPolicy, str]] = ..., fallback_task: _Optional[str] = ..., system_prompt: _Optional[str] = ..., criteria: _Optional[_Iterable[_Union[EvalCriterion, _Mapping]]] = ..., max_cost_micros: _Optional[int] = ...) -> None: ...

class ForTaskConfig(_message.Message):
    __slots__ = ("each", "do", "max_parallelism", "batch_size", "on_error")
    EACH_FIELD_NUMBER: _ClassVar[int]
    IN_FIELD_NUMBER: _ClassVar[int]
    DO_FIELD_NUMBER: _ClassVar[int]
    MAX_PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    ON_ERROR_FIELD_NUMBER: _ClassVar[int]
    each: str
    do: _containers.RepeatedCompositeFieldContainer[_spec_pb2_1.WorkflowTask]
    max_parallelism: int
    batch_size: int
    on_error: ForEachErrorPolicy
    def __init__(self, each: _Optional[str] = ..., do: _Optional[_Iterable[_Union[_spec_pb2_1.WorkflowTask, _Mapping]]] = ..., max_parallelism: _Optional[int] = ..., batch_size: _Optional[int] = ..., on_error: _Optional[_Union[ForEachErrorPolicy, str]] = ..., **kwargs) -> None: ...

class ForkBranch(_message.Message):
    __slots__ = ("name", "do")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DO_FIELD_NUMBER: _ClassVar[int]
    name: str
    do: _containers.RepeatedCompositeFieldContainer[_spec_pb2_1.WorkflowTask]
    def __init__(self, name: _Optional[str] = ..., do: _Optional[_Iterable[_Union[_spec_pb2_1.WorkflowTask, _Mapping]]] = ...) -> None: ...

class ForkTaskConfig(_message.Message):
    __slots__ = ("branches", "compete")
    BRANCHES_FIELD_NUMBER: _ClassVar[int]
    COMPETE_FIELD_NUMBER: _ClassVar[int]
    branches: _containers.RepeatedCompositeFieldContainer[ForkBranch]
    compete: bool
    def __init__(self, branches: _Optional[_Iterable[_Union[ForkBranch, _Mapping]]] = ..., compete: _Optional[bool] = ...) -> None: ...

class GrpcCallTaskConfig(_message.Message):
    __slots__ = ("service", "method", "request")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    service: str
    method: str
    request: _struct_pb2.Struct
    def __init__(self, service: _Optional[str] = ..., method: _Optional[str] = ..., request: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class HttpCallTaskConfig(_message.Message):
    __slots__ = ("method", "endpoint", "headers", "body", "timeout_seconds")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    METHOD_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    method: str
    endpoint: HttpEndpoint
    headers: _containers.ScalarMap[str, str]
    body: _struct_pb2.Struct
    timeout_seconds: int
    def __init__(self, method: _Optional[str] = ..., endpoint: _Optional[_Union[HttpEndpoint, _Mapping]] = ..., headers: _Optional[_Mapping[str, str]] = ..., body: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., timeout_seconds: _Optional[int] = ...) -> None: ...

class HttpEndpoint(_message.Message):
    __slots__ = ("uri",)
    URI_FIELD_NUMBER: _ClassVar[int]
    uri: str
    def __init__(self, uri: _Optional[str] = ...) -> None: ...

class HumanInputOutcome(_message.Message):
    __slots__ = ("name", "label", "then")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    THEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: str
    then: str
    def __init__(self, name: _Optional[str] = ..., label: _Optional[str] = ..., then: _Optional[str] = ...) -> None: ...

class HumanInputTaskConfig(_message.Message):
    __slots__ = ("prompt", "form_schema", "outcomes", "approvers", "timeout", "on_timeout", "notification_channels", "payload", "ui_hint")
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    FORM_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    APPROVERS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ON_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    UI_HINT_FIELD_NUMBER: _ClassVar[int]
    prompt: str
    form_schema: _struct_pb2.Struct
    outcomes: _containers.RepeatedCompositeFieldContainer[HumanInputOutcome]
    approvers: _containers.RepeatedScalarFieldContainer[str]
    timeout: int
    on_timeout: HumanInputTimeoutPolicy
    notification_channels: _containers.RepeatedScalarFieldContainer[str]
    payload: _struct_pb2.Value
    ui_hint: str
    def __init__(self, prompt: _Optional[str] = ..., form_schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., outcomes: _Optional[_Iterable[_Union[HumanInputOutcome, _Mapping]]] = ..., approvers: _Optional[_Iterable[str]] = ..., timeout: _Optional[int] = ..., on_timeout: _Optional[_Union[HumanInputTimeoutPolicy, str]] = ..., notification_channels: _Optional[_Iterable[str]] = ..., payload: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., ui_hint: _Optional[str] = ...) -> None: ...

class ListenTaskConfig(_message.Message):
    __slots__ = ("to",)
    TO_FIELD_NUMBER: _ClassVar[int]
    to: ListenTo
    def __init__(self, to: _Optional[_Union[ListenTo, _Mapping]] = ...) -> None: ...

class ListenTo(_message.Message):
    __slots__ = ("mode", "signals")
    MODE_FIELD_NUMBER: _ClassVar[int]
    SIGNALS_FIELD_NUMBER: _ClassVar[int]
    mode: str
    signals: _containers.RepeatedCompositeFieldContainer[SignalSpec]
    def __init__(self, mode: _Optional[str] = ..., signals: _Optional[_Iterable[_Union[SignalSpec, _Mapping]]] = ...) -> None: ...

class LlmCallTaskConfig(_message.Message):
    __slots__ = ("model", "system_prompt", "prompt", "response_schema", "temperature", "max_tokens", "timeout", "on_invalid", "max_retries", "fallback_task", "max_cost_micros", "max_total_tokens")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PROMPT_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ON_INVALID_FIELD_NUMBER: _ClassVar[int]
    MAX_RETRIES_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_TASK_FIELD_NUMBER: _ClassVar[int]
    MAX_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    MAX_TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    model: str
    system_prompt: str
    prompt: str
    response_schema: _struct_pb2.Struct
    temperature: float
    max_tokens: int
    timeout: int
    on_invalid: OnInvalidOutputPolicy
    max_retries: int
    fallback_task: str
    max_cost_micros: int
    max_total_tokens: int
    def __init__(self, model: _Optional[str] = ..., system_prompt: _Optional[str] = ..., prompt: _Optional[str] = ..., response_schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., temperature: _Optional[float] = ..., max_tokens: _Optional[int] = ..., timeout: _Optional[int] = ..., on_invalid: _Optional[_Union[OnInvalidOutputPolicy, str]] = ..., max_retries: _Optional[int] = ..., fallback_task: _Optional[str] = ..., max_cost_micros: _Optional[int] = ..., max_total_tokens: _Optional[int] = ...) -> None: ...

class NotificationTaskConfig(_message.Message):
    __slots__ = ("channel", "recipients", "subject", "body", "template", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    RECIPIENTS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    channel: str
    recipients: _containers.RepeatedScalarFieldContainer[str]
    subject: str
    body: str
    template: str
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, channel: _Optional[str] = ..., recipients: _Optional[_Iterable[str]] = ..., subject: _Optional[str] = ..., body: _Optional[str] = ..., template: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class RaiseTaskConfig(_message.Message):
    __slots__ = ("error", "message")
    ERROR_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    error: str
    message: str
    def __init__(self, error: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class RunTaskConfig(_message.Message):
    __slots__ = ("workflow", "input")
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    workflow: str
    input: _struct_pb2.Struct
    def __init__(self, workflow: _Optional[str] = ..., input: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class SetTaskConfig(_message.Message):
    __slots__ = ("variables",)
    class VariablesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    variables: _containers.ScalarMap[str, str]
    def __init__(self, variables: _Optional[_Mapping[str, str]] = ...) -> None: ...

class SignalDelivery(_message.Message):
    __slots__ = ("execution_id", "signal_name")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_NAME_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    signal_name: str
    def __init__(self, execution_id: _Optional[str] = ..., signal_name: _Optional[str] = ...) -> None: ...

class SwitchCase(_message.Message):
    __slots__ = ("name", "when", "then")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    THEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    when: str
    then: str
    def __init__(self, name: _Optional[str] = ..., when: _Optional[str] = ..., then: _Optional[str] = ...) -> None: ...

class SwitchTaskConfig(_message.Message):
    __slots__ = ("cases",)
    CASES_FIELD_NUMBER: _ClassVar[int]
    cases: _containers.RepeatedCompositeFieldContainer[SwitchCase]
    def __init__(self, cases: _Optional[_Iterable[_Union[SwitchCase, _Mapping]]] = ...) -> None: ...

class TransformTaskConfig(_message.Message):
    __slots__ = ("engine", "expression", "input")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    engine: TransformEngine
    expression: str
    input: str
    def __init__(self, engine: _Optional[_Union[TransformEngine, str]] = ..., expression: _Optional[str] = ..., input: _Optional[str] = ...) -> None: ...

class TryTaskConfig(_message.Message):
    __slots__ = ("catch",)
    TRY_FIELD_NUMBER: _ClassVar[int]
    CATCH_FIELD_NUMBER: _ClassVar[int]
    catch: CatchBlock
    def __init__(self, catch: _Optional[_Union[CatchBlock, _Mapping]] = ..., **kwargs) -> None: ...

class ValidateTaskConfig(_message.Message):
    __slots__ = ("input", "schema", "rules", "on_fail", "fallback_task")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    ON_FAIL_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_TASK_FIELD_NUMBER: _ClassVar[int]
    input: str
    schema: _struct_pb2.Struct
    rules: _containers.RepeatedCompositeFieldContainer[ValidationRule]
    on_fail: ValidationFailPolicy
    fallback_task: str
    def __init__(self, input: _Optional[str] = ..., schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., rules: _Optional[_Iterable[_Union[ValidationRule, _Mapping]]] = ..., on_fail: _Optional[_Union[ValidationFailPolicy, str]] = ..., fallback_task: _Optional[str] = ...) -> None: ...

class ValidationRule(_message.Message):
    __slots__ = ("name", "expression", "message")
    NAME_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    name: str
    expression: str
    message: str
    def __init__(self, name: _Optional[str] = ..., expression: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class WaitTaskConfig(_message.Message):
    __slots__ = ("duration", "until")
    DURATION_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    duration: Duration
    until: _timestamp_pb2.Timestamp
    def __init__(self, duration: _Optional[_Union[Duration, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WebhookDelivery(_message.Message):
    __slots__ = ("url", "headers")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    URL_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    url: str
    headers: _containers.ScalarMap[str, str]
    def __init__(self, url: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ...) -> None: ...
