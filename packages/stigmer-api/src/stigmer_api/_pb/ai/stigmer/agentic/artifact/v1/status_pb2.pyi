from stigmer_api._pb.ai.stigmer.agentic.artifact.v1 import enum_pb2 as _enum_pb2
from stigmer_api._pb.ai.stigmer.commons.apiresource import audit_pb2 as _audit_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ArtifactStatus(_message.Message):
    __slots__ = ("content_hash", "size_bytes", "storage_state", "expires_at", "audit")
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    STORAGE_STATE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    AUDIT_FIELD_NUMBER: _ClassVar[int]
    content_hash: str
    size_bytes: int
    storage_state: _enum_pb2.ArtifactStorageState
    expires_at: str
    audit: _audit_pb2.ApiResourceAudit
    def __init__(self, content_hash: _Optional[str] = ..., size_bytes: _Optional[int] = ..., storage_state: _Optional[_Union[_enum_pb2.ArtifactStorageState, str]] = ..., expires_at: _Optional[str] = ..., audit: _Optional[_Union[_audit_pb2.ApiResourceAudit, _Mapping]] = ...) -> None: ...
