from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ConnectPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    connect_phase_unspecified: _ClassVar[ConnectPhase]
    connect_phase_connecting: _ClassVar[ConnectPhase]
    connect_phase_succeeded: _ClassVar[ConnectPhase]
    connect_phase_failed: _ClassVar[ConnectPhase]

class ValidationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    validation_state_unspecified: _ClassVar[ValidationState]
    valid: _ClassVar[ValidationState]
    invalid: _ClassVar[ValidationState]
connect_phase_unspecified: ConnectPhase
connect_phase_connecting: ConnectPhase
connect_phase_succeeded: ConnectPhase
connect_phase_failed: ConnectPhase
validation_state_unspecified: ValidationState
valid: ValidationState
invalid: ValidationState
