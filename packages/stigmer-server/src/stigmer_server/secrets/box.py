"""The secrets of resources inside one transaction: taken out of what is written, kept in records of their own.

A record of the internal kind `secret.values` holds the sealed values of one resource, by name, as JSON. So the body
of a resource holds none: it can be logged, listed and sent to streams as it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from stigmer_api.errors import FailedPrecondition
from stigmer_api.kinds import Kind
from stigmer_server.secrets.places import secret_entries, secret_maps
from stigmer_server.secrets.records import CHECK, CHECK_ID, VALUES, check_opens, put_check, sealed_values, values_record
from stigmer_server.secrets.sealing import Place, Sealer, SecretUnreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

    from stigmer_store import Repository, Transaction

__all__ = ["SecretBox", "fill_from"]


class SecretBox:
    """What one transaction sees and changes. Nothing is written before `flush`."""

    def __init__(self, tx: Transaction, sealer: Sealer) -> None:
        self._tx = tx
        self._sealer = sealer
        self._staged: dict[tuple[str, str], dict[str, str]] = {}

    def take(self, kind: Kind, resource: Message) -> set[str]:
        """Move every secret value out of a resource; returns the names of those that are new or other than before.

        A secret without a value keeps the one that is stored; a stored one that the resource has no more is dropped.
        """
        if not secret_maps(kind):
            return set()
        resource_id = _id(resource)
        old = self._sealed(kind, resource_id)
        new: dict[str, str] = {}
        changed = set()
        for name, entry in secret_entries(kind, resource):
            sealed = old.get(name)
            if entry.value:
                place = Place(kind.key, resource_id, name)
                if sealed is None or not self._says(place, sealed, entry.value):
                    sealed = self._sealer.seal(place, entry.value)
                    changed.add(name)
                entry.value = ""
            if sealed is not None:
                new[name] = sealed
        if new != old:
            self._staged[kind.key, resource_id] = new
        return changed

    def shown(self, kind: Kind, resource: Message) -> bool:
        """Whether any secret of a resource has its value in it."""
        return any(entry.value for _, entry in secret_entries(kind, resource))

    def fill(self, kind: Kind, resource: Message) -> None:
        """Put the values back into a resource, for use inside this process. Raises SecretUnreadable."""
        _fill(kind, resource, self._sealed(kind, _id(resource)), self._sealer)

    def forget(self, kind: Kind, resource_id: str) -> None:
        """Drop all secrets of a resource."""
        if secret_maps(kind):
            self._staged[kind.key, resource_id] = {}

    def flush(self, now: datetime) -> None:
        """Write what changed. Raises FailedPrecondition when this server has another key than the database."""
        for (key, resource_id), values in self._staged.items():
            stored = self._tx.get(VALUES, resource_id)
            if values and values != sealed_values(stored):
                self._prove(now)
                self._tx.put(values_record((key, resource_id), values, self._tx, now))
            elif not values and stored is not None:
                self._tx.delete(VALUES, resource_id)

    def _prove(self, now: datetime) -> None:
        check = self._tx.get(CHECK, CHECK_ID)
        if check is None:
            put_check(self._tx, self._sealer, now)
        elif not check_opens(check, self._sealer):
            raise FailedPrecondition(
                f"secrets of this database are sealed with another key than {self._sealer.keys.origin} of this server "
                "holds; give all servers of the database the same one",
                reason="ENCRYPTION_KEY_MISMATCH",
            )

    def _sealed(self, kind: Kind, resource_id: str) -> Mapping[str, str]:
        staged = self._staged.get((kind.key, resource_id))
        return sealed_values(self._tx.get(VALUES, resource_id)) if staged is None else staged

    def _says(self, place: Place, sealed: str, value: str) -> bool:
        try:
            return self._sealer.open(place, sealed) == value
        except SecretUnreadable:
            return False  # whoever sends the value anew mends it


async def fill_from(repository: Repository, sealer: Sealer, kind: Kind, resource: Message, only: str = "") -> None:
    """Put the stored values, or one of them, back into a resource that was read. Raises SecretUnreadable."""
    sealed = sealed_values(await repository.get(VALUES, _id(resource)))
    _fill(kind, resource, {name: text for name, text in sealed.items() if only in {"", name}}, sealer)


def _fill(kind: Kind, resource: Message, sealed: Mapping[str, str], sealer: Sealer) -> None:
    for name, entry in secret_entries(kind, resource):
        if name in sealed and not entry.value:
            entry.value = sealer.open(Place(kind.key, _id(resource), name), sealed[name])


def _id(resource: Any) -> str:
    return str(resource.metadata.id)
