"""What has to be true of keys and database before the server answers: they belong together, and nothing is in clear."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from stigmer_api.kinds import Kind
from stigmer_server.errors import StartupError
from stigmer_server.secrets.box import SecretBox
from stigmer_server.secrets.keys import read_keys
from stigmer_server.secrets.places import kinds_with_secrets, secret_entries
from stigmer_server.secrets.records import CHECK, CHECK_ID, VALUES, check_opens, put_check, sealed_values
from stigmer_server.secrets.sealing import Place, Sealer, SecretUnreadable
from stigmer_store import ListQuery, ResourceRecord

if TYPE_CHECKING:
    from stigmer_store import Repository, Transaction

__all__ = ["Vault"]

_PAGE = 1000

_log = structlog.get_logger("stigmer.secrets")


class Vault:
    """The sealer of a server. `open` it before anything is read or written."""

    def __init__(self, home: Path, variable: str) -> None:
        self._home = home
        self._variable = variable
        self._sealer: Sealer | None = None

    @property
    def sealer(self) -> Sealer:
        """The sealer; only once the vault is open."""
        if self._sealer is None:
            raise RuntimeError("the vault is not open")
        return self._sealer

    async def open(self, repository: Repository) -> None:
        """Read the keys, or make one for a database without secrets; seal what is in clear or under an older key.

        Raises StartupError naming the file when the keys are lost, unusable, or not those of the database; nothing is
        written then.
        """
        check = await repository.get(CHECK, CHECK_ID)
        keys = await asyncio.to_thread(read_keys, self._home, self._variable, may_make=check is None)
        sealer = Sealer(keys)
        if check is not None and not check_opens(check, sealer):
            raise StartupError(
                f"{keys.origin} does not hold the encryption key of this database, so its secrets cannot be read: put "
                "the right key back (several servers on one database need the same one); nothing was changed"
            )
        if check is None and await repository.revision():  # an empty database gets its check with its first secret
            count = await _seal_clear(repository, sealer)
            if count:  # the change log has the bodies as they were
                await repository.compact(0, timedelta(0))
            await repository.write(partial(_note, sealer))
            _log.info("no secret is stored in clear", sealed_now=count, key=sealer.key_id)
        elif check is not None and not all(map(sealer.is_current, sealed_values(check).values())):
            count = await _seal_again(repository, sealer)
            await repository.write(partial(_note, sealer))
            _log.info("secrets are sealed with the first key; older ones are not needed any more", sealed_now=count)
        self._sealer = sealer


def _note(sealer: Sealer, tx: Transaction) -> None:
    put_check(tx, sealer, datetime.now(UTC))


async def _seal_clear(repository: Repository, sealer: Sealer) -> int:
    """Seal the values that an earlier version stored in the bodies."""
    count = 0
    for kind in kinds_with_secrets():
        async for record in _all(repository, kind.key):
            if _is_clear(kind, record):
                await repository.write(partial(_seal_record, sealer, kind, record.id))
                count += 1
    return count


def _is_clear(kind: Kind, record: ResourceRecord) -> bool:
    return any(entry.value for _, entry in secret_entries(kind, kind.message.FromString(record.body)))


def _seal_record(sealer: Sealer, kind: Kind, resource_id: str, tx: Transaction) -> None:
    record = tx.get(kind.key, resource_id)
    if record is None:
        return
    box = SecretBox(tx, sealer)
    resource: Any = kind.message.FromString(record.body)
    box.take(kind, resource)
    resource.metadata.revision = tx.revision()
    tx.put(replace(record, revision=tx.revision(), body=resource.SerializeToString(deterministic=True)))
    box.flush(datetime.now(UTC))


async def _seal_again(repository: Repository, sealer: Sealer) -> int:
    """Seal with the key in force what an older one sealed. What does not open is left as it is."""
    count = 0
    async for record in _all(repository, VALUES):
        if not all(map(sealer.is_current, sealed_values(record).values())):
            await repository.write(partial(_seal_values_again, sealer, record.id))
            count += 1
    return count


def _seal_values_again(sealer: Sealer, resource_id: str, tx: Transaction) -> None:
    record = tx.get(VALUES, resource_id)
    if record is None:
        return
    values = sealed_values(record)
    for name, sealed in values.items():
        place = Place(record.fields["kind"], resource_id, name)
        try:
            values[name] = sealer.seal(place, sealer.open(place, sealed))
        except SecretUnreadable as error:
            _log.warning("a secret is left under its old key", kind=place.kind, id=resource_id, error=error.message)
    tx.put(replace(record, revision=tx.revision(), body=json.dumps(values, sort_keys=True).encode()))


async def _all(repository: Repository, kind: str) -> AsyncIterator[ResourceRecord]:
    token = ""
    while True:
        page = await repository.list(ListQuery(kinds=(kind,), page_size=_PAGE, page_token=token, counted=False))
        for record in page.items:
            yield record
        token = page.next_page_token
        if not token:
            return
