from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetInfoResponse(_message.Message):
    __slots__ = ("version", "database", "temporal", "task_queues", "revision")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    TEMPORAL_FIELD_NUMBER: _ClassVar[int]
    TASK_QUEUES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    version: str
    database: DatabaseInfo
    temporal: TemporalInfo
    task_queues: _containers.RepeatedCompositeFieldContainer[TaskQueueInfo]
    revision: int
    def __init__(self, version: _Optional[str] = ..., database: _Optional[_Union[DatabaseInfo, _Mapping]] = ..., temporal: _Optional[_Union[TemporalInfo, _Mapping]] = ..., task_queues: _Optional[_Iterable[_Union[TaskQueueInfo, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...

class DatabaseInfo(_message.Message):
    __slots__ = ("backend", "location")
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    backend: str
    location: str
    def __init__(self, backend: _Optional[str] = ..., location: _Optional[str] = ...) -> None: ...

class TemporalInfo(_message.Message):
    __slots__ = ("address", "namespace", "reachable", "error", "server_version")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    REACHABLE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    address: str
    namespace: str
    reachable: bool
    error: str
    server_version: str
    def __init__(self, address: _Optional[str] = ..., namespace: _Optional[str] = ..., reachable: _Optional[bool] = ..., error: _Optional[str] = ..., server_version: _Optional[str] = ...) -> None: ...

class TaskQueueInfo(_message.Message):
    __slots__ = ("name", "pollers")
    NAME_FIELD_NUMBER: _ClassVar[int]
    POLLERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    pollers: int
    def __init__(self, name: _Optional[str] = ..., pollers: _Optional[int] = ...) -> None: ...

class BackupRequest(_message.Message):
    __slots__ = ("with_files",)
    WITH_FILES_FIELD_NUMBER: _ClassVar[int]
    with_files: bool
    def __init__(self, with_files: _Optional[bool] = ...) -> None: ...

class BackupChunk(_message.Message):
    __slots__ = ("data", "summary")
    DATA_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    summary: BackupSummary
    def __init__(self, data: _Optional[bytes] = ..., summary: _Optional[_Union[BackupSummary, _Mapping]] = ...) -> None: ...

class BackupSummary(_message.Message):
    __slots__ = ("size", "sha256", "revision", "with_files", "files", "missing", "key_id")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    WITH_FILES_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    size: int
    sha256: str
    revision: int
    with_files: bool
    files: int
    missing: _containers.RepeatedScalarFieldContainer[str]
    key_id: str
    def __init__(self, size: _Optional[int] = ..., sha256: _Optional[str] = ..., revision: _Optional[int] = ..., with_files: _Optional[bool] = ..., files: _Optional[int] = ..., missing: _Optional[_Iterable[str]] = ..., key_id: _Optional[str] = ...) -> None: ...
