from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ApiResourceVisibility(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    api_resource_visibility_unspecified: _ClassVar[ApiResourceVisibility]
    visibility_private: _ClassVar[ApiResourceVisibility]
    visibility_public: _ClassVar[ApiResourceVisibility]
    visibility_org: _ClassVar[ApiResourceVisibility]
    visibility_platform: _ClassVar[ApiResourceVisibility]
api_resource_visibility_unspecified: ApiResourceVisibility
visibility_private: ApiResourceVisibility
visibility_public: ApiResourceVisibility
visibility_org: ApiResourceVisibility
visibility_platform: ApiResourceVisibility
