"""The two sorts of records that hold sealed values, and the proof that keys and database belong together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from stigmer_server.secrets.sealing import Place, Sealer, SecretUnreadable
from stigmer_store import ResourceRecord

if TYPE_CHECKING:
    from stigmer_store import Transaction

__all__ = ["CHECK", "CHECK_ID", "VALUES", "check_opens", "put_check", "sealed_values", "values_record"]

VALUES = "secret.values"
"""Internal kind: the sealed values of one resource by name, as JSON; its id is the id of the resource."""

CHECK = "secret.check"
"""Internal kind of one record: a known value, sealed with the key in force. It tells a lost key from a first start."""

CHECK_ID = "check"

_PLACE = Place(CHECK, CHECK_ID, CHECK_ID)
_PROOF = "stigmer"


def sealed_values(record: ResourceRecord | None) -> dict[str, str]:
    """Sealed values by name."""
    return {} if record is None else json.loads(record.body)


def values_record(place: tuple[str, str], values: Mapping[str, str], tx: Transaction, now: datetime) -> ResourceRecord:
    """The record of the sealed values of a resource: `place` is its kind key and id."""
    key, resource_id = place
    stored = tx.get(VALUES, resource_id)
    return ResourceRecord(
        kind=VALUES,
        id=resource_id,
        org="",
        slug="",
        name="",
        revision=tx.revision(),
        created_at=now if stored is None else stored.created_at,
        updated_at=now,
        body=json.dumps(values, sort_keys=True).encode(),
        labels={},
        fields={"kind": key},
    )


def put_check(tx: Transaction, sealer: Sealer, now: datetime) -> None:
    """State that everything is sealed, with the key in force."""
    record = values_record((CHECK, CHECK_ID), {_PLACE.name: sealer.seal(_PLACE, _PROOF)}, tx, now)
    tx.put(replace(record, kind=CHECK))


def check_opens(record: ResourceRecord, sealer: Sealer) -> bool:
    """Whether the keys are those of the database."""
    try:
        return sealer.open(_PLACE, sealed_values(record)[_PLACE.name]) == _PROOF
    except SecretUnreadable:
        return False
