from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ScheduleRunOrigin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCHEDULE_RUN_ORIGIN_UNSPECIFIED: _ClassVar[ScheduleRunOrigin]
    SCHEDULE_RUN_ORIGIN_CRON: _ClassVar[ScheduleRunOrigin]
    SCHEDULE_RUN_ORIGIN_MANUAL: _ClassVar[ScheduleRunOrigin]

class ScheduleRunOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCHEDULE_RUN_OUTCOME_UNSPECIFIED: _ClassVar[ScheduleRunOutcome]
    SCHEDULE_RUN_OUTCOME_STARTED: _ClassVar[ScheduleRunOutcome]
    SCHEDULE_RUN_OUTCOME_REFUSED: _ClassVar[ScheduleRunOutcome]
    SCHEDULE_RUN_OUTCOME_TARGET_MISSING: _ClassVar[ScheduleRunOutcome]
    SCHEDULE_RUN_OUTCOME_SKIPPED: _ClassVar[ScheduleRunOutcome]
    SCHEDULE_RUN_OUTCOME_COMPLETED: _ClassVar[ScheduleRunOutcome]
    SCHEDULE_RUN_OUTCOME_FAILED: _ClassVar[ScheduleRunOutcome]
    SCHEDULE_RUN_OUTCOME_TIMED_OUT: _ClassVar[ScheduleRunOutcome]
SCHEDULE_RUN_ORIGIN_UNSPECIFIED: ScheduleRunOrigin
SCHEDULE_RUN_ORIGIN_CRON: ScheduleRunOrigin
SCHEDULE_RUN_ORIGIN_MANUAL: ScheduleRunOrigin
SCHEDULE_RUN_OUTCOME_UNSPECIFIED: ScheduleRunOutcome
SCHEDULE_RUN_OUTCOME_STARTED: ScheduleRunOutcome
SCHEDULE_RUN_OUTCOME_REFUSED: ScheduleRunOutcome
SCHEDULE_RUN_OUTCOME_TARGET_MISSING: ScheduleRunOutcome
SCHEDULE_RUN_OUTCOME_SKIPPED: ScheduleRunOutcome
SCHEDULE_RUN_OUTCOME_COMPLETED: ScheduleRunOutcome
SCHEDULE_RUN_OUTCOME_FAILED: ScheduleRunOutcome
SCHEDULE_RUN_OUTCOME_TIMED_OUT: ScheduleRunOutcome
