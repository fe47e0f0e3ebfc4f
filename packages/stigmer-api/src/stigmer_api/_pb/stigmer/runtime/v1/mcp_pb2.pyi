from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1 import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReportDiscoveryRequest(_message.Message):
    __slots__ = ("mcp_server_id", "workflow_id", "tools", "resource_templates", "failure_code", "failure_message", "warning")
    MCP_SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TEMPLATES_FIELD_NUMBER: _ClassVar[int]
    FAILURE_CODE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    mcp_server_id: str
    workflow_id: str
    tools: _containers.RepeatedCompositeFieldContainer[_status_pb2.DiscoveredTool]
    resource_templates: _containers.RepeatedCompositeFieldContainer[_status_pb2.DiscoveredResourceTemplate]
    failure_code: str
    failure_message: str
    warning: str
    def __init__(self, mcp_server_id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., tools: _Optional[_Iterable[_Union[_status_pb2.DiscoveredTool, _Mapping]]] = ..., resource_templates: _Optional[_Iterable[_Union[_status_pb2.DiscoveredResourceTemplate, _Mapping]]] = ..., failure_code: _Optional[str] = ..., failure_message: _Optional[str] = ..., warning: _Optional[str] = ...) -> None: ...

class ReportDiscoveryResponse(_message.Message):
    __slots__ = ("accepted",)
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    accepted: bool
    def __init__(self, accepted: _Optional[bool] = ...) -> None: ...

class QuarantineRequest(_message.Message):
    __slots__ = ("mcp_server_id", "tools", "pins")
    class PinsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MCP_SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    PINS_FIELD_NUMBER: _ClassVar[int]
    mcp_server_id: str
    tools: _containers.RepeatedScalarFieldContainer[str]
    pins: _containers.ScalarMap[str, str]
    def __init__(self, mcp_server_id: _Optional[str] = ..., tools: _Optional[_Iterable[str]] = ..., pins: _Optional[_Mapping[str, str]] = ...) -> None: ...

class QuarantineResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
