import datetime

from stigmer_api._pb.ai.stigmer.agentic.workflow.v1 import enum_pb2 as _enum_pb2
from stigmer_api._pb.ai.stigmer.commons.apiresource import audit_pb2 as _audit_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetTaskKindRegistryRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetTaskKindRegistryResponse(_message.Message):
    __slots__ = ("descriptors",)
    DESCRIPTORS_FIELD_NUMBER: _ClassVar[int]
    descriptors: _containers.RepeatedCompositeFieldContainer[TaskKindDescriptor]
    def __init__(self, descriptors: _Optional[_Iterable[_Union[TaskKindDescriptor, _Mapping]]] = ...) -> None: ...

class GetWorkflowVersionInput(_message.Message):
    __slots__ = ("workflow_id", "version_hash")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_HASH_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    version_hash: str
    def __init__(self, workflow_id: _Optional[str] = ..., version_hash: _Optional[str] = ...) -> None: ...

class GitProvenance(_message.Message):
    __slots__ = ("remote_url", "ref", "commit", "subdir")
    REMOTE_URL_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    SUBDIR_FIELD_NUMBER: _ClassVar[int]
    remote_url: str
    ref: str
    commit: str
    subdir: str
    def __init__(self, remote_url: _Optional[str] = ..., ref: _Optional[str] = ..., commit: _Optional[str] = ..., subdir: _Optional[str] = ...) -> None: ...

class ListWorkflowVersionsInput(_message.Message):
    __slots__ = ("org", "slug", "page_token", "page_size")
    ORG_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    org: str
    slug: str
    page_token: str
    page_size: int
    def __init__(self, org: _Optional[str] = ..., slug: _Optional[str] = ..., page_token: _Optional[str] = ..., page_size: _Optional[int] = ...) -> None: ...

class ListWorkflowVersionsResponse(_message.Message):
    __slots__ = ("versions", "next_page_token", "total_count")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[WorkflowVersionEntry]
    next_page_token: str
    total_count: int
    def __init__(self, versions: _Optional[_Iterable[_Union[WorkflowVersionEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_count: _Optional[int] = ...) -> None: ...

class TagWorkflowVersionInput(_message.Message):
    __slots__ = ("workflow_id", "version_hash", "tag")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_HASH_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    version_hash: str
    tag: str
    def __init__(self, workflow_id: _Optional[str] = ..., version_hash: _Optional[str] = ..., tag: _Optional[str] = ...) -> None: ...

class TaskFieldDescriptor(_message.Message):
    __slots__ = ("name", "display_name", "description", "type", "required", "is_expression", "default_value", "enum_values", "json_schema_fragment", "group_id", "field_number", "element_type", "validation_hints")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    IS_EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VALUE_FIELD_NUMBER: _ClassVar[int]
    ENUM_VALUES_FIELD_NUMBER: _ClassVar[int]
    JSON_SCHEMA_FRAGMENT_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    FIELD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_HINTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    description: str
    type: _enum_pb2.TaskFieldType
    required: bool
    is_expression: bool
    default_value: str
    enum_values: _containers.RepeatedScalarFieldContainer[str]
    json_schema_fragment: str
    group_id: str
    field_number: int
    element_type: str
    validation_hints: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., type: _Optional[_Union[_enum_pb2.TaskFieldType, str]] = ..., required: _Optional[bool] = ..., is_expression: _Optional[bool] = ..., default_value: _Optional[str] = ..., enum_values: _Optional[_Iterable[str]] = ..., json_schema_fragment: _Optional[str] = ..., group_id: _Optional[str] = ..., field_number: _Optional[int] = ..., element_type: _Optional[str] = ..., validation_hints: _Optional[_Iterable[str]] = ...) -> None: ...

class TaskFieldGroup(_message.Message):
    __slots__ = ("id", "display_name", "description")
    ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    id: str
    display_name: str
    description: str
    def __init__(self, id: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class TaskKindDescriptor(_message.Message):
    __slots__ = ("kind", "display_name", "description", "category", "icon", "config_proto_type", "fields", "field_groups", "config_json_schema", "output_json_schema", "yaml_examples", "documentation_url", "is_ai_native", "requires_external_service")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    CONFIG_PROTO_TYPE_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    FIELD_GROUPS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_JSON_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_JSON_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    YAML_EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTATION_URL_FIELD_NUMBER: _ClassVar[int]
    IS_AI_NATIVE_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_EXTERNAL_SERVICE_FIELD_NUMBER: _ClassVar[int]
    kind: _enum_pb2.WorkflowTaskKind
    display_name: str
    description: str
    category: _enum_pb2.TaskKindCategory
    icon: str
    config_proto_type: str
    fields: _containers.RepeatedCompositeFieldContainer[TaskFieldDescriptor]
    field_groups: _containers.RepeatedCompositeFieldContainer[TaskFieldGroup]
    config_json_schema: str
    output_json_schema: str
    yaml_examples: _containers.RepeatedScalarFieldContainer[str]
    documentation_url: str
    is_ai_native: bool
    requires_external_service: bool
    def __init__(self, kind: _Optional[_Union[_enum_pb2.WorkflowTaskKind, str]] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., category: _Optional[_Union[_enum_pb2.TaskKindCategory, str]] = ..., icon: _Optional[str] = ..., config_proto_type: _Optional[str] = ..., fields: _Optional[_Iterable[_Union[TaskFieldDescriptor, _Mapping]]] = ..., field_groups: _Optional[_Iterable[_Union[TaskFieldGroup, _Mapping]]] = ..., config_json_schema: _Optional[str] = ..., output_json_schema: _Optional[str] = ..., yaml_examples: _Optional[_Iterable[str]] = ..., documentation_url: _Optional[str] = ..., is_ai_native: _Optional[bool] = ..., requires_external_service: _Optional[bool] = ...) -> None: ...

class WorkflowId(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: str
    def __init__(self, value: _Optional[str] = ...) -> None: ...

class WorkflowVersionEntry(_message.Message):
    __slots__ = ("version_hash", "applied_at", "applied_by", "tag", "is_current", "message", "validated_yaml", "git_provenance")
    VERSION_HASH_FIELD_NUMBER: _ClassVar[int]
    APPLIED_AT_FIELD_NUMBER: _ClassVar[int]
    APPLIED_BY_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    IS_CURRENT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    VALIDATED_YAML_FIELD_NUMBER: _ClassVar[int]
    GIT_PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    version_hash: str
    applied_at: _timestamp_pb2.Timestamp
    applied_by: _audit_pb2.ApiResourceAuditActor
    tag: str
    is_current: bool
    message: str
    validated_yaml: str
    git_provenance: GitProvenance
    def __init__(self, version_hash: _Optional[str] = ..., applied_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., applied_by: _Optional[_Union[_audit_pb2.ApiResourceAuditActor, _Mapping]] = ..., tag: _Optional[str] = ..., is_current: _Optional[bool] = ..., message: _Optional[str] = ..., validated_yaml: _Optional[str] = ..., git_provenance: _Optional[_Union[GitProvenance, _Mapping]] = ...) -> None: ...
