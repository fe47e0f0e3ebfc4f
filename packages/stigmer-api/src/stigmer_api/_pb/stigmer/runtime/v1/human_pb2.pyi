from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HumanRequest(_message.Message):
    __slots__ = ("id", "prompt", "form_schema_json", "outcomes", "approvers", "payload_json", "timeout_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    FORM_SCHEMA_JSON_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    APPROVERS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_JSON_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    prompt: str
    form_schema_json: str
    outcomes: _containers.RepeatedCompositeFieldContainer[HumanOutcome]
    approvers: _containers.RepeatedScalarFieldContainer[str]
    payload_json: str
    timeout_at: str
    def __init__(self, id: _Optional[str] = ..., prompt: _Optional[str] = ..., form_schema_json: _Optional[str] = ..., outcomes: _Optional[_Iterable[_Union[HumanOutcome, _Mapping]]] = ..., approvers: _Optional[_Iterable[str]] = ..., payload_json: _Optional[str] = ..., timeout_at: _Optional[str] = ...) -> None: ...

class HumanOutcome(_message.Message):
    __slots__ = ("name", "label")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: str
    def __init__(self, name: _Optional[str] = ..., label: _Optional[str] = ...) -> None: ...

class HumanAnswer(_message.Message):
    __slots__ = ("request_id", "outcome", "form_json", "comment", "reviewer", "answered_at")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FORM_JSON_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_AT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    outcome: str
    form_json: str
    comment: str
    reviewer: str
    answered_at: str
    def __init__(self, request_id: _Optional[str] = ..., outcome: _Optional[str] = ..., form_json: _Optional[str] = ..., comment: _Optional[str] = ..., reviewer: _Optional[str] = ..., answered_at: _Optional[str] = ...) -> None: ...
