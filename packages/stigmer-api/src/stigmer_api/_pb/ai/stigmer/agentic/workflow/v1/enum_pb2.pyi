from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class BudgetExceededPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    budget_exceeded_policy_unspecified: _ClassVar[BudgetExceededPolicy]
    budget_exceeded_terminate: _ClassVar[BudgetExceededPolicy]
    budget_exceeded_human_review: _ClassVar[BudgetExceededPolicy]
    budget_exceeded_warn: _ClassVar[BudgetExceededPolicy]

class TaskFieldType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_FIELD_TYPE_UNSPECIFIED: _ClassVar[TaskFieldType]
    TASK_FIELD_TYPE_STRING: _ClassVar[TaskFieldType]
    TASK_FIELD_TYPE_INT32: _ClassVar[TaskFieldType]
    TASK_FIELD_TYPE_FLOAT: _ClassVar[TaskFieldType]
    TASK_FIELD_TYPE_BOOL: _ClassVar[TaskFieldType]
    TASK_FIELD_TYPE_ENUM: _ClassVar[TaskFieldType]
    TASK_FIELD_TYPE_STRUCT: _ClassVar[TaskFieldType]
    TASK_FIELD_TYPE_REPEATED: _ClassVar[TaskFieldType]
    TASK_FIELD_TYPE_MAP: _ClassVar[TaskFieldType]
    TASK_FIELD_TYPE_MESSAGE: _ClassVar[TaskFieldType]

class TaskKindCategory(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_KIND_CATEGORY_UNSPECIFIED: _ClassVar[TaskKindCategory]
    TASK_KIND_CATEGORY_CONTROL_FLOW: _ClassVar[TaskKindCategory]
    TASK_KIND_CATEGORY_INVOCATION: _ClassVar[TaskKindCategory]
    TASK_KIND_CATEGORY_AI: _ClassVar[TaskKindCategory]
    TASK_KIND_CATEGORY_DATA: _ClassVar[TaskKindCategory]
    TASK_KIND_CATEGORY_GOVERNANCE: _ClassVar[TaskKindCategory]
    TASK_KIND_CATEGORY_EVENT: _ClassVar[TaskKindCategory]

class WorkflowTaskKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    workflow_task_kind_unspecified: _ClassVar[WorkflowTaskKind]
    set_vars: _ClassVar[WorkflowTaskKind]
    http_call: _ClassVar[WorkflowTaskKind]
    grpc_call: _ClassVar[WorkflowTaskKind]
    activity_call: _ClassVar[WorkflowTaskKind]
    switch_case: _ClassVar[WorkflowTaskKind]
    for_each: _ClassVar[WorkflowTaskKind]
    fork: _ClassVar[WorkflowTaskKind]
    try_catch: _ClassVar[WorkflowTaskKind]
    listen: _ClassVar[WorkflowTaskKind]
    wait: _ClassVar[WorkflowTaskKind]
    raise_error: _ClassVar[WorkflowTaskKind]
    run_workflow: _ClassVar[WorkflowTaskKind]
    agent_call: _ClassVar[WorkflowTaskKind]
    llm_call: _ClassVar[WorkflowTaskKind]
    transform: _ClassVar[WorkflowTaskKind]
    human_input: _ClassVar[WorkflowTaskKind]
    validate: _ClassVar[WorkflowTaskKind]
    emit_event: _ClassVar[WorkflowTaskKind]
    notification: _ClassVar[WorkflowTaskKind]
    eval: _ClassVar[WorkflowTaskKind]
budget_exceeded_policy_unspecified: BudgetExceededPolicy
budget_exceeded_terminate: BudgetExceededPolicy
budget_exceeded_human_review: BudgetExceededPolicy
budget_exceeded_warn: BudgetExceededPolicy
TASK_FIELD_TYPE_UNSPECIFIED: TaskFieldType
TASK_FIELD_TYPE_STRING: TaskFieldType
TASK_FIELD_TYPE_INT32: TaskFieldType
TASK_FIELD_TYPE_FLOAT: TaskFieldType
TASK_FIELD_TYPE_BOOL: TaskFieldType
TASK_FIELD_TYPE_ENUM: TaskFieldType
TASK_FIELD_TYPE_STRUCT: TaskFieldType
TASK_FIELD_TYPE_REPEATED: TaskFieldType
TASK_FIELD_TYPE_MAP: TaskFieldType
TASK_FIELD_TYPE_MESSAGE: TaskFieldType
TASK_KIND_CATEGORY_UNSPECIFIED: TaskKindCategory
TASK_KIND_CATEGORY_CONTROL_FLOW: TaskKindCategory
TASK_KIND_CATEGORY_INVOCATION: TaskKindCategory
TASK_KIND_CATEGORY_AI: TaskKindCategory
TASK_KIND_CATEGORY_DATA: TaskKindCategory
TASK_KIND_CATEGORY_GOVERNANCE: TaskKindCategory
TASK_KIND_CATEGORY_EVENT: TaskKindCategory
workflow_task_kind_unspecified: WorkflowTaskKind
set_vars: WorkflowTaskKind
http_call: WorkflowTaskKind
grpc_call: WorkflowTaskKind
activity_call: WorkflowTaskKind
switch_case: WorkflowTaskKind
for_each: WorkflowTaskKind
fork: WorkflowTaskKind
try_catch: WorkflowTaskKind
listen: WorkflowTaskKind
wait: WorkflowTaskKind
raise_error: WorkflowTaskKind
run_workflow: WorkflowTaskKind
agent_call: WorkflowTaskKind
llm_call: WorkflowTaskKind
transform: WorkflowTaskKind
human_input: WorkflowTaskKind
validate: WorkflowTaskKind
emit_event: WorkflowTaskKind
notification: WorkflowTaskKind
eval: WorkflowTaskKind
