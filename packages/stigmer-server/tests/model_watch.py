"""What a watcher of one org must be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stigmer_api.kinds import kind_by_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_Told = tuple[int, str, str]
"""Revision, id and what happened."""


class WatchedChanges:
    """The changes of one org in the order of their transactions."""

    def __init__(self) -> None:
        self._log: list[tuple[_Told, bytes]] = []
        self._known: set[str] = set()

    def wrote(self, revision: int, items: Iterable[Any]) -> None:
        """One transaction wrote these."""
        for item in items:
            what = "UPDATED" if item.metadata.id in self._known else "CREATED"
            self._known.add(item.metadata.id)
            self._log.append(((revision, item.metadata.id, what), _bytes(item)))

    def deleted(self, revision: int, items: Iterable[Any]) -> None:
        """One transaction deleted these."""
        for item in items:
            self._log.append(((revision, item.metadata.id, "DELETED"), _bytes(item)))

    def after(self, revision: int) -> list[tuple[_Told, bytes]]:
        """What must be told from a revision on; the changes of one transaction in order of id."""
        return sorted(change for change in self._log if change[0][0] > revision)

    @property
    def revisions(self) -> list[int]:
        """Every revision so far, from 0 on."""
        return sorted({0, *(change[0][0] for change in self._log)})


def _bytes(item: Any) -> bytes:
    return bytes(item.SerializeToString(deterministic=True))


def assert_told(follower: Any, start: int | None, changes: WatchedChanges) -> None:
    """Whether a watch that began behind `start` (None: with what was there) told every change since, once, in order."""
    after = start
    if after is None:
        after = next(item.revision for item in follower.messages if _type_of(item) == "SYNCED")
    expected = changes.after(after)
    follower.until(lambda it: len(_changes_in(it.messages)) >= len(expected), "every change")
    told = _changes_in(follower.messages)
    revisions = [change[0][0] for change in told]
    assert revisions == sorted(revisions), "in order of revision"
    assert sorted(told) == expected
    resume = [item.resume_revision for item in follower.messages]
    assert resume == sorted(resume), "a later response never resumes earlier"


def _changes_in(responses: list[Any]) -> list[tuple[_Told, bytes]]:
    return [
        ((item.revision, _id_in(item), _type_of(item)), bytes(item.item.value))
        for item in responses
        if _type_of(item) in {"CREATED", "UPDATED", "DELETED"}
    ]


def _type_of(response: Any) -> str:
    field = response.DESCRIPTOR.fields_by_name["type"]
    return str(field.enum_type.values_by_number[response.type].name).removeprefix("WATCH_EVENT_TYPE_")


def _id_in(response: Any) -> str:
    name = response.item.type_url.rpartition(".")[2]
    return str(kind_by_name(name).message.FromString(response.item.value).metadata.id)  # type: ignore[attr-defined]  # of every kind
