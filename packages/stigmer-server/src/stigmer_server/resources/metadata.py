"""Identity and audit of resources: ids, slugs, orgs and who changed what when. Pure functions, no store."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import TYPE_CHECKING

from ulid import ULID

from stigmer_api.errors import FieldViolation, InvalidArgument
from stigmer_api.kinds import DEFAULT_ORG, Kind
from stigmer_server.resources.envelope import set_moment

if TYPE_CHECKING:
    from stigmer_api._pb.ai.stigmer.commons.apiresource.audit_pb2 import (
        ApiResourceAudit,
        ApiResourceAuditInfo,
    )
    from stigmer_api._pb.ai.stigmer.commons.apiresource.metadata_pb2 import ApiResourceMetadata

__all__ = [
    "ACTOR",
    "MAX_SLUG",
    "is_id_of",
    "new_id",
    "org_of",
    "slug_from_name",
    "slug_of",
    "stamp_created",
    "stamp_spec_updated",
    "stamp_status_updated",
    "violation",
]

ACTOR = "local"
"""Whoever holds the token of this home: there is one user."""

MAX_SLUG = 63
"""References refuse longer slugs, so none is made."""

_SLUG = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
_ULID = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")
_DIGEST_LENGTH = 8


def new_id(kind: Kind) -> str:
    """`{prefix}-{lowercase ULID}`: sorts by creation time within a kind."""
    return f"{kind.id_prefix}-{str(ULID()).lower()}"


def is_id_of(kind: Kind, text: str) -> bool:
    """Whether `text` has the form of an id of this kind."""
    prefix, _, rest = text.partition("-")
    return prefix == kind.id_prefix and _ULID.fullmatch(rest) is not None


def slug_from_name(name: str) -> str:
    """The slug a name gives: lower case, spaces to hyphens, everything but ASCII letters, digits and hyphens dropped.

    A slug over 63 characters is cut and ends in a digest of the name, so that two long names stay apart. The result
    may be no valid slug at all (empty, one character, a leading digit): the caller checks.
    """
    text = re.sub(r"[^a-z0-9-]", "", re.sub(r"\s+", "-", name.strip().lower()))
    text = re.sub(r"-{2,}", "-", text).strip("-")
    if len(text) <= MAX_SLUG:
        return text
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{text[: MAX_SLUG - _DIGEST_LENGTH - 1].rstrip('-')}-{digest}"


def slug_of(metadata: ApiResourceMetadata) -> str:
    """The slug that metadata asks for: its own, else the one its name gives. Raises InvalidArgument."""
    if metadata.slug:
        if len(metadata.slug) > MAX_SLUG:
            raise violation("metadata.slug", f"has {len(metadata.slug)} characters; at most {MAX_SLUG} are allowed")
        return metadata.slug
    if not metadata.name:
        raise violation("metadata.name", "is required (the slug is made from it), or set metadata.slug")
    slug = slug_from_name(metadata.name)
    if _SLUG.fullmatch(slug) is None:
        made = f"gives the slug {slug!r}" if slug else "gives no slug"
        raise violation(
            "metadata.name",
            f"{metadata.name!r} {made}, but a slug starts with a letter, ends with a letter or digit and has at least "
            "2 characters; set metadata.slug",
        )
    return slug


def org_of(metadata: ApiResourceMetadata) -> str:
    """The org of a resource, "local" when none is given."""
    org = metadata.org or DEFAULT_ORG
    if len(org) > MAX_SLUG or _SLUG.fullmatch(org) is None:
        raise violation(
            "metadata.org",
            f"{org!r} is no org: use lower case letters, digits and hyphens, starting with a letter (2 to 63)",
        )
    return org


def violation(field: str, description: str) -> InvalidArgument:
    """InvalidArgument about one field."""
    return InvalidArgument(f"{field}: {description}", violations=[FieldViolation(field, description)])


def stamp_created(audit: ApiResourceAudit, now: datetime) -> None:
    """Fill both halves of a new audit."""
    for info in (audit.spec_audit, audit.status_audit):
        info.created_by.id = ACTOR
        set_moment(info.created_at, now)
        _touch(info, now, "created")


def stamp_spec_updated(audit: ApiResourceAudit, now: datetime) -> None:
    """Record a change of spec or metadata; what was created when stays."""
    _touch(audit.spec_audit, now, "updated")


def stamp_status_updated(audit: ApiResourceAudit, now: datetime) -> None:
    """Record a change of status only."""
    _touch(audit.status_audit, now, "updated")


def _touch(info: ApiResourceAuditInfo, now: datetime, event: str) -> None:
    info.updated_by.id = ACTOR
    set_moment(info.updated_at, now)
    info.event = event
