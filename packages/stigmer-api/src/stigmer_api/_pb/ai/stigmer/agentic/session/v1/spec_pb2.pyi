from stigmer_api._pb.ai.stigmer.agentic.agent.v1 import spec_pb2 as _spec_pb2
from stigmer_api._pb.ai.stigmer.agentic.session.v1 import enum_pb2 as _enum_pb2
from stigmer_api._pb.ai.stigmer.commons.apiresource import io_pb2 as _io_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionSpec(_message.Message):
    __slots__ = ("agent_instance_id", "subject", "harness_state_id", "metadata", "workspace_entries", "mcp_server_usages", "skill_refs", "harness", "execution_target", "harness_state_id_history", "fork_of_session_id", "fork_at_execution_id")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AGENT_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    HARNESS_STATE_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    MCP_SERVER_USAGES_FIELD_NUMBER: _ClassVar[int]
    SKILL_REFS_FIELD_NUMBER: _ClassVar[int]
    HARNESS_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_TARGET_FIELD_NUMBER: _ClassVar[int]
    HARNESS_STATE_ID_HISTORY_FIELD_NUMBER: _ClassVar[int]
    FORK_OF_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    FORK_AT_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    agent_instance_id: str
    subject: str
    harness_state_id: str
    metadata: _containers.ScalarMap[str, str]
    workspace_entries: _containers.RepeatedCompositeFieldContainer[WorkspaceEntry]
    mcp_server_usages: _containers.RepeatedCompositeFieldContainer[_spec_pb2.McpServerUsage]
    skill_refs: _containers.RepeatedCompositeFieldContainer[_io_pb2.ApiResourceReference]
    harness: _enum_pb2.Harness
    execution_target: _enum_pb2.ExecutionTarget
    harness_state_id_history: _containers.RepeatedScalarFieldContainer[str]
    fork_of_session_id: str
    fork_at_execution_id: str
    def __init__(self, agent_instance_id: _Optional[str] = ..., subject: _Optional[str] = ..., harness_state_id: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., workspace_entries: _Optional[_Iterable[_Union[WorkspaceEntry, _Mapping]]] = ..., mcp_server_usages: _Optional[_Iterable[_Union[_spec_pb2.McpServerUsage, _Mapping]]] = ..., skill_refs: _Optional[_Iterable[_Union[_io_pb2.ApiResourceReference, _Mapping]]] = ..., harness: _Optional[_Union[_enum_pb2.Harness, str]] = ..., execution_target: _Optional[_Union[_enum_pb2.ExecutionTarget, str]] = ..., harness_state_id_history: _Optional[_Iterable[str]] = ..., fork_of_session_id: _Optional[str] = ..., fork_at_execution_id: _Optional[str] = ...) -> None: ...

class GitRepoSource(_message.Message):
    __slots__ = ("url", "branch", "commit", "depth")
    URL_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    url: str
    branch: str
    commit: str
    depth: int
    def __init__(self, url: _Optional[str] = ..., branch: _Optional[str] = ..., commit: _Optional[str] = ..., depth: _Optional[int] = ...) -> None: ...

class LocalPathSource(_message.Message):
    __slots__ = ("path",)
    PATH_FIELD_NUMBER: _ClassVar[int]
    path: str
    def __init__(self, path: _Optional[str] = ...) -> None: ...

class WorkspaceEntry(_message.Message):
    __slots__ = ("name", "source")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    source: WorkspaceSource
    def __init__(self, name: _Optional[str] = ..., source: _Optional[_Union[WorkspaceSource, _Mapping]] = ...) -> None: ...

class WorkspaceSource(_message.Message):
    __slots__ = ("git_repo", "local_path")
    GIT_REPO_FIELD_NUMBER: _ClassVar[int]
    LOCAL_PATH_FIELD_NUMBER: _ClassVar[int]
    git_repo: GitRepoSource
    local_path: LocalPathSource
    def __init__(self, git_repo: _Optional[_Union[GitRepoSource, _Mapping]] = ..., local_path: _Optional[_Union[LocalPathSource, _Mapping]] = ...) -> None: ...
