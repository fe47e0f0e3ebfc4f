"""The state that a watch begins with: read by page, however long that takes, and yet of one revision at its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

from stigmer_api.kinds import kind_of_id
from stigmer_server.watch.selection import Selection
from stigmer_store import Repository, ResourceRecord

__all__ = ["Found", "read_initial"]

_PAGE = 500
_MOST_POINT_READS = 200


@dataclass(frozen=True, slots=True)
class Found:
    """Resources of the selection, and a revision that the store had when they were read."""

    records: Iterable[ResourceRecord]
    revision: int


async def read_initial(repository: Repository, selection: Selection) -> AsyncGenerator[Found, None]:
    """The selection in parts. The revision of the first part is not after, that of the last not before any read."""
    ids_alone = selection.ids and not selection.names
    if (ids_alone or (selection.names and selection.org)) and _point_reads(selection) <= _MOST_POINT_READS:
        before = await repository.revision()
        records = {record.id: record for record in await _by_name(repository, selection)}
        yield Found(records.values(), before)
        yield Found((), await repository.revision())
        return
    token = ""
    while True:
        page = await repository.list(selection.query(_PAGE, token))
        yield Found(filter(selection.shows, page.items), page.revision)
        if not page.next_page_token:
            return
        token = page.next_page_token


def _point_reads(selection: Selection) -> int:
    return len(selection.ids) + len(selection.names) * len(selection.kinds)


async def _by_name(repository: Repository, selection: Selection) -> list[ResourceRecord]:
    found: list[ResourceRecord | None] = []
    for resource_id in selection.ids:
        kind = kind_of_id(resource_id)
        if kind is not None:
            found.append(await repository.get(kind.key, resource_id))
    for name in selection.names:
        found += [await repository.find_by_slug(kind, selection.org, name) for kind in sorted(selection.kinds)]
    return [record for record in found if record is not None and selection.shows(record)]
