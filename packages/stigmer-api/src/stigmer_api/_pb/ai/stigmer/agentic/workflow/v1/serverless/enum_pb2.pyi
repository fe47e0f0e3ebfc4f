from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ValidationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VALIDATION_STATE_UNSPECIFIED: _ClassVar[ValidationState]
    PENDING: _ClassVar[ValidationState]
    VALID: _ClassVar[ValidationState]
    INVALID: _ClassVar[ValidationState]
    FAILED: _ClassVar[ValidationState]
VALIDATION_STATE_UNSPECIFIED: ValidationState
PENDING: ValidationState
VALID: ValidationState
INVALID: ValidationState
FAILED: ValidationState
