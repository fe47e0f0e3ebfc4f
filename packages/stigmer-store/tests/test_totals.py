"""Totals of lists that are asked for again and again while everything changes: exact, however they were come by."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from stigmer_store import ListQuery, Operator, Repository, Requirement, ResourceRecord, Transaction
from stigmer_store import totals as totals_module

Maker = Callable[..., ResourceRecord]

QUERIES = [
    ListQuery(kinds=kinds, org=org, **filters)
    for kinds in ((), ("Agent",))
    for org in ("", "local")
    for filters in (
        {"labels": {"l": "1"}},
        {"fields": {"f": "1"}},
        {"labels": {"l": "1"}, "fields": {"f": "1"}},
        {"requirements": (Requirement("fields", "f", Operator.NOT_IN, ("1",)),)},
        {"requirements": (Requirement("labels", "l", Operator.EXISTS),)},
        {"text": "an"},
    )
]


class _World:
    """What is stored, as a dictionary, and random steps that change both."""

    def __init__(self, store: Repository, record: Maker) -> None:
        self.known: dict[tuple[str, str], ResourceRecord] = {}
        self._store = store
        self._record = record
        self._random = random.Random(7)

    async def step(self) -> None:
        """One transaction that makes, changes, moves or deletes one to three resources."""
        chosen = [(self._random.choice(("Agent", "Workflow")), f"r{self._random.randrange(12)}") for _ in range(3)]
        plans = [(key, self._random.random() < 0.2, self._wanted()) for key in chosen[: self._random.randint(1, 3)]]

        def work(tx: Transaction) -> dict[tuple[str, str], ResourceRecord | None]:
            done: dict[tuple[str, str], ResourceRecord | None] = {}
            for (kind, id_), delete, wanted in plans:
                before = tx.get(kind, id_)
                if delete:
                    tx.delete(kind, id_)
                    done[kind, id_] = None
                    continue
                created = {} if before is None else {"created_at": before.created_at}
                made = self._record(tx, id_, kind=kind, **wanted, **created)
                tx.put(made)
                done[kind, id_] = made
            return done

        for key, record in (await self._store.write(work)).items():
            self.known.pop(key, None)
            if record is not None:
                self.known[key] = record

    def _wanted(self) -> dict[str, object]:
        pick = self._random.choice
        return {
            "org": pick(("local", "local", "other")),
            "name": pick(("ann", "bob")),
            "labels": pick(({}, {"l": "1"}, {"l": "2"})),
            "fields": pick(({}, {"f": "1"}, {"f": "2"})),
        }

    async def check(self) -> None:
        """Hold every total against the dictionary."""
        for query in QUERIES:
            expected = sum(map(query.matches, self.known.values()))
            assert (await self._store.list(query)).total == expected, query


async def test_totals_are_exact_after_every_write(store: Repository, record: Maker) -> None:
    world = _World(store, record)
    for _ in range(80):
        await world.step()
        await world.check()


async def test_totals_are_exact_after_more_writes_than_are_followed(store: Repository, record: Maker) -> None:
    world = _World(store, record)
    await world.check()
    for _ in range(120):
        await world.step()
    await world.check()


async def test_totals_are_exact_when_the_log_has_forgotten_the_writes(store: Repository, record: Maker) -> None:
    world = _World(store, record)
    for _ in range(10):
        await world.step()
    await world.check()
    for _ in range(10):
        await world.step()
    assert await store.compact(0, timedelta(0)) > 0
    await world.check()
    await world.step()
    await world.check()


async def test_a_total_is_carried_on_over_a_write_and_not_counted_anew(
    place: str, store: Repository, record: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "memory://":
        pytest.skip("nothing is remembered in memory: all of it is there")
    counted: list[ListQuery] = []
    count: Callable[..., int] = totals_module.counted_total

    def counting(connection: object, query: ListQuery, by: object) -> int:
        counted.append(query)
        return count(connection, query, by)

    monkeypatch.setattr(totals_module, "counted_total", counting)
    query = QUERIES[0]
    for number in range(3):
        await store.write(lambda tx, number=number: tx.put(record(tx, f"a{number}", labels={"l": "1"})))  # type: ignore[misc]  # bound at once
        assert (await store.list(query)).total == number + 1
    assert counted == [query]
