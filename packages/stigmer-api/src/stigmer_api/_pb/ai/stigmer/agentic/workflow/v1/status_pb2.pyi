from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.serverless import io_pb2 as _io_pb2
from stigmer_api._pb.ai.stigmer.commons.apiresource import audit_pb2 as _audit_pb2
from stigmer_api._pb.stigmer.runtime.v1 import event_pb2 as _event_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WorkflowStatus(_message.Message):
    __slots__ = ("default_instance_id", "serverless_workflow_validation", "version_hash", "audit", "event_trigger")
    DEFAULT_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    SERVERLESS_WORKFLOW_VALIDATION_FIELD_NUMBER: _ClassVar[int]
    VERSION_HASH_FIELD_NUMBER: _ClassVar[int]
    AUDIT_FIELD_NUMBER: _ClassVar[int]
    EVENT_TRIGGER_FIELD_NUMBER: _ClassVar[int]
    default_instance_id: str
    serverless_workflow_validation: _io_pb2.ServerlessWorkflowValidation
    version_hash: str
    audit: _audit_pb2.ApiResourceAudit
    event_trigger: _event_pb2.EventTrigger
    def __init__(self, default_instance_id: _Optional[str] = ..., serverless_workflow_validation: _Optional[_Union[_io_pb2.ServerlessWorkflowValidation, _Mapping]] = ..., version_hash: _Optional[str] = ..., audit: _Optional[_Union[_audit_pb2.ApiResourceAudit, _Mapping]] = ..., event_trigger: _Optional[_Union[_event_pb2.EventTrigger, _Mapping]] = ...) -> None: ...
