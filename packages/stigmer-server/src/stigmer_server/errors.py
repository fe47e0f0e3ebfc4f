"""What can go wrong in the server itself, and how a store failure looks on the wire."""

from __future__ import annotations

from stigmer_api.errors import (
    AlreadyExists,
    ApiError,
    FieldViolation,
    Internal,
    InvalidArgument,
    NotFound,
    OutOfRange,
    ResourceExhausted,
    Unavailable,
)
from stigmer_store import (
    BadPageToken,
    InvalidValue,
    RecordNotFound,
    RequestIdTaken,
    RevisionCompacted,
    SlugTaken,
    StoreClosed,
    StoreError,
    StoreFull,
    StoreUnavailable,
)

__all__ = ["ServerError", "StartupError", "api_error_from_store"]


class ServerError(Exception):
    """Root of the failures of the server process itself (never of a request)."""


class StartupError(ServerError):
    """The server cannot start, and a restart cannot mend it: bad settings, a port taken, a missing behaviour."""


_BY_STORE_ERROR: tuple[tuple[type[StoreError], type[ApiError], str, str], ...] = (
    (SlugTaken, AlreadyExists, "SLUG_TAKEN", "another resource of this kind already has this slug"),
    (RequestIdTaken, AlreadyExists, "REQUEST_ID_TAKEN", "another resource was made with this request_id"),
    (RecordNotFound, NotFound, "RESOURCE_NOT_FOUND", "the resource does not exist"),
    (BadPageToken, InvalidArgument, "PAGE_TOKEN_INVALID", "page_token is not one that this list returned"),
    (
        StoreFull,
        ResourceExhausted,
        "STORE_FULL",
        "the disk of the database is full; free some space and try again",
    ),
    (StoreUnavailable, Unavailable, "STORE_UNAVAILABLE", "the database does not answer; try again"),
    (StoreClosed, Unavailable, "SERVER_STOPPING", "the server is stopping; try again"),
)


_METADATA = frozenset({"name", "slug", "org", "labels", "request_id"})
"""Fields of a record that clients know by their place in metadata."""


def api_error_from_store(error: StoreError) -> ApiError:
    """The canonical error for a store failure; its text never carries SQL or paths."""
    if isinstance(error, InvalidValue):
        field = f"metadata.{error.field}" if error.field.partition("[")[0] in _METADATA else error.field
        violations = [FieldViolation(field, error.problem)]
        return InvalidArgument(f"{field} {error.problem}", reason="VALUE_NOT_STORABLE", violations=violations)
    if isinstance(error, RevisionCompacted):
        return OutOfRange(
            f"the changes after revision {error.after} are no longer kept: start again from the state as it is now, "
            f"or from revision {error.oldest}",
            reason="REVISION_COMPACTED",
            metadata={"oldest": str(error.oldest)},
        )
    for store_type, api_type, reason, message in _BY_STORE_ERROR:
        if isinstance(error, store_type):
            return api_type(message, reason=reason)
    return Internal("the database refused the operation", reason="STORE_FAILED")
