from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ExecutionTarget(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_TARGET_UNSPECIFIED: _ClassVar[ExecutionTarget]
    EXECUTION_TARGET_LOCAL: _ClassVar[ExecutionTarget]
    EXECUTION_TARGET_CLOUD: _ClassVar[ExecutionTarget]

class Harness(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HARNESS_UNSPECIFIED: _ClassVar[Harness]
    HARNESS_NATIVE: _ClassVar[Harness]
    HARNESS_CURSOR: _ClassVar[Harness]
EXECUTION_TARGET_UNSPECIFIED: ExecutionTarget
EXECUTION_TARGET_LOCAL: ExecutionTarget
EXECUTION_TARGET_CLOUD: ExecutionTarget
HARNESS_UNSPECIFIED: Harness
HARNESS_NATIVE: Harness
HARNESS_CURSOR: Harness
