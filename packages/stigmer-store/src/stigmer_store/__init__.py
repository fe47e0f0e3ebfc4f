"""Stigmer's store: versioned resources, their change log, execution events and an outbox.

On SQLite, Postgres or in memory, behind one protocol. It must never know what a resource means: no protobuf,
no gRPC, no kinds.
"""

from __future__ import annotations

from stigmer_store.backup import BackupFailed, BackupUnsupported, check_backup, fields_in_backup, is_in_backup
from stigmer_store.errors import (
    BadPageToken,
    InvalidValue,
    RecordNotFound,
    RequestIdTaken,
    RevisionCompacted,
    SlugTaken,
    StoreClosed,
    StoreError,
    StoreFull,
    StoreTooNew,
    StoreUnavailable,
)
from stigmer_store.moments import from_microseconds, microseconds
from stigmer_store.opening import open_repository
from stigmer_store.records import (
    Change,
    EventRecord,
    ListQuery,
    Operation,
    Operator,
    OutboxItem,
    Page,
    Requirement,
    ResourceRecord,
)
from stigmer_store.repository import GapListener, Listener, Repository, Transaction

__all__ = [
    "BackupFailed",
    "BackupUnsupported",
    "BadPageToken",
    "Change",
    "EventRecord",
    "GapListener",
    "InvalidValue",
    "ListQuery",
    "Listener",
    "Operation",
    "Operator",
    "OutboxItem",
    "Page",
    "RecordNotFound",
    "Repository",
    "RequestIdTaken",
    "Requirement",
    "ResourceRecord",
    "RevisionCompacted",
    "SlugTaken",
    "StoreClosed",
    "StoreError",
    "StoreFull",
    "StoreTooNew",
    "StoreUnavailable",
    "Transaction",
    "check_backup",
    "fields_in_backup",
    "from_microseconds",
    "is_in_backup",
    "microseconds",
    "open_repository",
]
