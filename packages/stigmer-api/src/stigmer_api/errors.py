"""Errors of the wire: one class per canonical gRPC code, one table that goes both ways.

Every error carries a stable `reason` (google.rpc.ErrorInfo, domain "stigmer.ai") and may carry field violations
(google.rpc.BadRequest). The classes never raise INTERNAL for anything a client can cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

DOMAIN = "stigmer.ai"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """What is wrong with one field: `field` is its path in the request ("spec.sub_agents[0].name")."""

    field: str
    description: str


class ApiError(Exception):
    """Root of every error that crosses the wire.

    message: for people; says what to do next. reason: stable, UPPER_SNAKE_CASE, for programs. metadata: small texts
    for programs, for example "suggestions" (comma separated near matches).
    """

    code: ClassVar[str] = "UNKNOWN"
    default_reason: ClassVar[str] = "UNKNOWN"

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: Iterable[FieldViolation] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)


class InvalidArgument(ApiError):
    """The request is wrong by itself, whatever the state of the server."""

    code = "INVALID_ARGUMENT"
    default_reason = "INVALID_ARGUMENT"


class NotFound(ApiError):
    """What the request names does not exist."""

    code = "NOT_FOUND"
    default_reason = "RESOURCE_NOT_FOUND"


class AlreadyExists(ApiError):
    """What the request would create exists."""

    code = "ALREADY_EXISTS"
    default_reason = "RESOURCE_ALREADY_EXISTS"


class Conflict(ApiError):
    """The resource changed since the caller read it; read it again and repeat."""

    code = "ABORTED"
    default_reason = "REVISION_STALE"


class FailedPrecondition(ApiError):
    """The state of the server does not allow the request now."""

    code = "FAILED_PRECONDITION"
    default_reason = "FAILED_PRECONDITION"


class OutOfRange(ApiError):
    """The request asks for what is no longer kept, for example a compacted revision."""

    code = "OUT_OF_RANGE"
    default_reason = "REVISION_COMPACTED"


class Unauthenticated(ApiError):
    """The request carries no valid token."""

    code = "UNAUTHENTICATED"
    default_reason = "TOKEN_INVALID"


class PermissionDenied(ApiError):
    """The token does not allow the request."""

    code = "PERMISSION_DENIED"
    default_reason = "PERMISSION_DENIED"


class ResourceExhausted(ApiError):
    """A limit is reached: disk, message size or rate."""

    code = "RESOURCE_EXHAUSTED"
    default_reason = "RESOURCE_EXHAUSTED"


class Unimplemented(ApiError):
    """This server does not do that."""

    code = "UNIMPLEMENTED"
    default_reason = "NOT_IMPLEMENTED"


class Unavailable(ApiError):
    """The server is away or going away; the same request may succeed later."""

    code = "UNAVAILABLE"
    default_reason = "UNAVAILABLE"


class DeadlineExceeded(ApiError):
    """No answer in time; the request may have been carried out."""

    code = "DEADLINE_EXCEEDED"
    default_reason = "DEADLINE_EXCEEDED"


class Cancelled(ApiError):
    """The caller went away."""

    code = "CANCELLED"
    default_reason = "CANCELLED"


class Internal(ApiError):
    """A fault of the server; the message carries the request id to look up in its log."""

    code = "INTERNAL"
    default_reason = "INTERNAL"


ERRORS: Mapping[str, type[ApiError]] = {
    error.code: error
    for error in (
        InvalidArgument,
        NotFound,
        AlreadyExists,
        Conflict,
        FailedPrecondition,
        OutOfRange,
        Unauthenticated,
        PermissionDenied,
        ResourceExhausted,
        Unimplemented,
        Unavailable,
        DeadlineExceeded,
        Cancelled,
        Internal,
    )
}
"""Canonical code name ⇄ class; with to_rpc_status and from_rpc_error the only place that knows the mapping."""


def to_rpc_status(error: ApiError) -> Any:
    """Return the google.rpc.Status of an error, with ErrorInfo and, when there are violations, BadRequest."""
    import grpc  # noqa: PLC0415 - 66 ms that `import stigmer_api.errors` need not cost
    from google.rpc import error_details_pb2, status_pb2  # noqa: PLC0415 - the same

    status = status_pb2.Status(code=getattr(grpc.StatusCode, error.code).value[0], message=error.message)
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    status.details.add().Pack(info)
    if error.violations:
        bad = error_details_pb2.BadRequest()
        for item in error.violations:
            bad.field_violations.add(field=item.field, description=item.description)
        status.details.add().Pack(bad)
    return status


def from_rpc_error(error: Any) -> ApiError:
    """Turn a grpc.RpcError (sync or asyncio) into the ApiError that its server raised."""
    from google.rpc import error_details_pb2  # noqa: PLC0415 - see to_rpc_status

    status = _status_of(error)
    kind = ERRORS.get(error.code().name, ApiError)
    reason, metadata, violations = "", {}, []
    for detail in status.details if status is not None else ():
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(bad):
            violations = [FieldViolation(item.field, item.description) for item in bad.field_violations]
    return kind(error.details() or error.code().name, reason=reason, metadata=metadata, violations=violations)


def _status_of(error: Any) -> Any:
    """Return the google.rpc.Status in the trailing metadata of an error, or None."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - see to_rpc_status
    from google.rpc import status_pb2  # noqa: PLC0415 - the same

    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None
