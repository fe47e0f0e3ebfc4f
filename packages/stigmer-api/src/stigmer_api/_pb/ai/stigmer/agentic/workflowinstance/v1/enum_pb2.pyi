from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class WorkflowExecutionVisibility(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    workflow_execution_visibility_unspecified: _ClassVar[WorkflowExecutionVisibility]
    workflow_execution_visibility_private: _ClassVar[WorkflowExecutionVisibility]
    workflow_execution_visibility_organization: _ClassVar[WorkflowExecutionVisibility]
workflow_execution_visibility_unspecified: WorkflowExecutionVisibility
workflow_execution_visibility_private: WorkflowExecutionVisibility
workflow_execution_visibility_organization: WorkflowExecutionVisibility
