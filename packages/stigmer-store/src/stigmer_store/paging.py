"""Page tokens: where the next page starts, sealed to the query it belongs to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from stigmer_store.errors import BadPageToken
from stigmer_store.moments import from_microseconds, microseconds
from stigmer_store.records import ListQuery, ResourceRecord


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the order of all lists: by creation, and by id and kind where that is equal.

    It names a value, not a row: what is inserted or deleted meanwhile moves nothing else.
    """

    created_at: datetime
    id: str
    kind: str


def position_of(record: ResourceRecord) -> Position:
    """The place of this resource."""
    return Position(record.created_at, record.id, record.kind)


def encode_token(query: ListQuery, last: ResourceRecord) -> str:
    """The token of the page that follows `last`."""
    parts = [_fingerprint(query), microseconds(last.created_at), last.id, last.kind]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode_token(query: ListQuery) -> Position | None:
    """The place after which this query's page starts, None for the first page. Raises BadPageToken."""
    if not query.page_token:
        return None
    try:
        token = query.page_token
        decoded = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        fingerprint, created, id_, kind = json.loads(decoded)
        position = Position(from_microseconds(created), str(id_), str(kind))
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise BadPageToken("page_token is not one of ours; start again without it") from error
    if fingerprint != _fingerprint(query):
        raise BadPageToken("page_token belongs to another query; repeat the query it came from, or drop it")
    return position


def _fingerprint(query: ListQuery) -> str:
    """The same for every page of one query; the page size may change on the way."""
    parts = [
        sorted(query.kinds),
        query.org,
        sorted(query.labels.items()),
        sorted(query.fields.items()),
        sorted((each.side, each.name, each.operator, sorted(each.values)) for each in query.requirements),
        query.text,
        query.newest_first,
    ]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=6).hexdigest()
