"""Filters and pages, on every store."""

from __future__ import annotations

import base64
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

import pytest

from stigmer_store import (
    BadPageToken,
    InvalidValue,
    ListQuery,
    Operator,
    Page,
    Repository,
    Requirement,
    ResourceRecord,
    Transaction,
)

Maker = Callable[..., ResourceRecord]
Putter = Callable[..., Coroutine[Any, Any, ResourceRecord]]
ManyPutter = Callable[..., Coroutine[Any, Any, list[ResourceRecord]]]


@pytest.fixture
async def catalog(store: Repository, record: Maker) -> Repository:
    """Ten resources of two kinds, two organisations and two phases."""

    def work(tx: Transaction) -> None:
        for number in range(10):
            tx.put(
                record(
                    tx,
                    f"{'wfl' if number % 2 else 'agt'}-{number}",
                    kind="Workflow" if number % 2 else "Agent",
                    org="other" if number == 4 else "local",
                    name=("Straße 100%", "under_score", "back\\slash", "plain")[number % 4],
                    labels={"team": "red" if number < 5 else "blue", "tier": str(number % 3)},
                    fields={"phase": "DONE" if number > 6 else "PENDING"},
                )
            )

    await store.write(work)
    return store


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, range(10)),
        ({"kinds": ("Agent",)}, [0, 2, 4, 6, 8]),
        ({"kinds": ("Agent", "Workflow")}, range(10)),
        ({"kinds": ("Session",)}, []),
        ({"org": "local"}, [0, 1, 2, 3, 5, 6, 7, 8, 9]),
        ({"labels": {"team": "red"}}, [0, 1, 2, 3, 4]),
        ({"labels": {"team": "red", "tier": "0"}}, [0, 3]),
        ({"labels": {"team": "red", "absent": ""}}, []),
        ({"fields": {"phase": "DONE"}}, [7, 8, 9]),
        ({"fields": {"phase": "DONE"}, "labels": {"tier": "1"}, "kinds": ("Workflow",)}, [7]),
        ({"fields": {"team": "red"}}, []),
        ({"text": "STRASSE"}, [0, 4, 8]),
        ({"text": "100%"}, [0, 4, 8]),
        ({"text": "r_s"}, [1, 5, 9]),
        ({"text": "k\\S"}, [2, 6]),
        ({"text": "AGT-8"}, [8]),
        ({"text": "%"}, [0, 4, 8]),
    ],
)
async def test_a_list_holds_what_meets_every_condition(
    catalog: Repository, query: dict[str, Any], numbers: Sequence[int]
) -> None:
    page = await catalog.list(ListQuery(**query))
    assert [int(item.id[4:]) for item in page.items] == list(numbers)
    assert (page.total, page.next_page_token, page.revision) == (len(numbers), "", 1)
    newest_first = await catalog.list(ListQuery(**query, newest_first=True))
    assert newest_first.items == page.items[::-1]
    uncounted = await catalog.list(ListQuery(**query, counted=False))
    assert (uncounted.items, uncounted.total, uncounted.next_page_token) == (page.items, -1, "")


@pytest.mark.parametrize(
    ("terms", "numbers"),
    [
        ([("labels", "team", Operator.IN, ("red", "green"))], [0, 1, 2, 3, 4]),
        ([("labels", "team", Operator.IN, ())], []),
        ([("labels", "team", Operator.NOT_IN, ("red",))], [5, 6, 7, 8, 9]),
        ([("labels", "absent", Operator.NOT_IN, ("red",))], range(10)),
        ([("labels", "team", Operator.EXISTS, ())], range(10)),
        ([("labels", "absent", Operator.EXISTS, ())], []),
        ([("labels", "absent", Operator.ABSENT, ())], range(10)),
        ([("labels", "team", Operator.ABSENT, ())], []),
        ([("fields", "phase", Operator.NOT_IN, ("PENDING",))], [7, 8, 9]),
        ([("fields", "team", Operator.EXISTS, ())], []),
        ([("labels", "tier", Operator.IN, ("0", "1")), ("labels", "tier", Operator.NOT_IN, ("1",))], [0, 3, 6, 9]),
    ],
)
async def test_requirements_of_selectors_narrow_a_list(
    catalog: Repository, terms: list[tuple[Any, ...]], numbers: Sequence[int]
) -> None:
    query = ListQuery(requirements=tuple(Requirement(*term) for term in terms), page_size=3)
    pages = await all_pages(catalog, query)
    assert [int(item.id[4:]) for page in pages for item in page.items] == list(numbers)
    assert {page.total for page in pages} == {len(numbers)}
    inside = await catalog.write(lambda tx: tx.list(replace(query, page_size=50)))
    assert inside.total == len(numbers)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("page_size", [1, 3, 10, 11])
async def test_pages_hold_everything_once_in_order(catalog: Repository, page_size: int, newest_first: bool) -> None:
    whole = await catalog.list(ListQuery(newest_first=newest_first))
    query = ListQuery(page_size=page_size, newest_first=newest_first)
    pages = await all_pages(catalog, query)
    assert [item for page in pages for item in page.items] == list(whole.items)
    assert len(pages) == -(-10 // page_size)
    assert {page.total for page in pages} == {10}


async def test_equal_times_of_creation_are_no_obstacle_to_paging(store: Repository, record: Maker) -> None:
    def work(tx: Transaction) -> None:
        same = record(tx, "zero").created_at
        for id_ in ("b", "a", "c"):
            for kind in ("Workflow", "Agent"):
                tx.put(record(tx, id_, kind=kind, created_at=same))

    await store.write(work)
    pages = await all_pages(store, ListQuery(page_size=1))
    found = [(page.items[0].id, page.items[0].kind) for page in pages]
    assert found == [(id_, kind) for id_ in "abc" for kind in ("Agent", "Workflow")]


async def test_paging_is_stable_while_others_insert_and_delete(catalog: Repository, record: Maker) -> None:
    query = ListQuery(page_size=4)
    first = await catalog.list(query)

    def meanwhile(tx: Transaction) -> None:
        tx.put(record(tx, "before", created_at=first.items[0].created_at))
        tx.delete(first.items[-1].kind, first.items[-1].id)  # the very one the token points at
        tx.delete("Agent", "agt-6")
        tx.put(record(tx, "after"))

    await catalog.write(meanwhile)
    rest = await all_pages(catalog, replace(query, page_token=first.next_page_token))
    ids = [item.id for page in rest for item in page.items]
    assert ids == ["agt-4", "wfl-5", "wfl-7", "agt-8", "wfl-9", "after"]


@pytest.mark.parametrize(("asked", "given"), [(0, 50), (-5, 1), (1, 1), (1000, 60), (5000, 60)])
async def test_the_page_size_is_brought_into_bounds(store: Repository, record: Maker, asked: int, given: int) -> None:
    def work(tx: Transaction) -> None:
        for number in range(60):
            tx.put(record(tx, f"a{number}"))

    await store.write(work)
    page = await store.list(ListQuery(page_size=asked))
    assert len(page.items) == given
    assert bool(page.next_page_token) == (given < 60)


@pytest.mark.parametrize(
    "change",
    [
        {"org": "x"},
        {"newest_first": True},
        {"text": "x"},
        {"labels": {"a": "b"}},
        {"requirements": (Requirement("labels", "a", Operator.EXISTS),)},
    ],
)
async def test_a_token_of_another_query_is_refused(catalog: Repository, change: dict[str, Any]) -> None:
    page = await catalog.list(ListQuery(page_size=2))
    with pytest.raises(BadPageToken, match="another query"):
        await catalog.list(ListQuery(page_token=page.next_page_token, **change))
    assert (await catalog.list(ListQuery(page_size=8, page_token=page.next_page_token))).next_page_token == ""


@pytest.mark.parametrize(
    "token", ["x", "%%%", "ä", "bm9wZQ", "W10", *(base64.b64encode(t).decode() for t in (b"[1,2,3,4,5]", b"7"))]
)
async def test_a_token_that_is_none_is_refused(store: Repository, token: str) -> None:
    with pytest.raises(BadPageToken, match="not one of ours"):
        await store.list(ListQuery(page_token=token))
    with pytest.raises(BadPageToken):
        await store.write(lambda tx: tx.list(ListQuery(page_token=token)))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"kinds": ("k",) * 51}, "kinds"),
        ({"labels": {str(n): "" for n in range(51)}}, "labels"),
        ({"text": "x" * 1025}, "text"),
        ({"requirements": (Requirement("labels", "l", Operator.IN, ("v",) * 200),)}, "requirements"),
        ({"requirements": (Requirement("labels", "l", Operator.IN, ("\0",)),)}, "requirements"),
    ],
)
async def test_a_query_beyond_all_measure_is_refused(store: Repository, query: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        await store.list(ListQuery(**query))
    assert caught.value.field == field


async def test_a_query_with_as_many_conditions_as_allowed_is_answered(store: Repository, put: Putter) -> None:
    entries = {f"n{number}": str(number) for number in range(25)}
    written = await put(store, "a", labels=entries, fields=entries)
    await put(store, "b", labels=entries)
    page = await store.list(ListQuery(labels=entries, fields=entries, kinds=("Agent",) * 50))
    assert page.items == (written,)


async def test_many_matches_of_a_label_are_paged_like_few(store: Repository, put_all: ManyPutter) -> None:
    ids = [f"a{number:04}" for number in range(2100)]
    await put_all(store, ids[:-1], labels={"l": "1"}, fields={"f": "1"})
    await put_all(store, ids[-1:], labels={"l": "1"})
    pages = await all_pages(store, ListQuery(labels={"l": "1"}, page_size=1000))
    assert [page.total for page in pages] == [2100] * 3
    assert [item.id for page in pages for item in page.items] == ids
    last = await store.list(ListQuery(labels={"l": "1"}, fields={"f": "1"}, newest_first=True, page_size=1))
    assert (last.total, last.items[0].id) == (2099, ids[-2])


async def test_a_list_follows_the_labels_of_updates(store: Repository, put: Putter) -> None:
    first = await put(store, "a", labels={"l": "1"}, fields={"f": "1", "g": "1"})
    later = {"labels": {"l": "2", "m": ""}, "fields": {"f": "2"}, "created_at": first.created_at}
    await put(store, "a", **later)
    for old in ({"labels": {"l": "1"}}, {"fields": {"f": "1"}}, {"fields": {"g": "1"}}):
        assert (await store.list(ListQuery(**old))).total == 0  # type: ignore[arg-type]  # all are mappings
    assert (await store.list(ListQuery(labels={"l": "2", "m": ""}, fields={"f": "2"}))).total == 1
    await store.write(lambda tx: tx.delete("Agent", "a"))
    await put(store, "a")
    assert (await store.list(ListQuery(labels={"l": "2"}))).total == 0


async def test_totals_follow_what_is_made_moved_and_deleted_and_nothing_that_failed(
    store: Repository, put: Putter, record: Maker
) -> None:
    async def totals() -> list[int]:
        queries = [ListQuery(org=org, labels=labels) for labels in ({}, {"l": "1"}) for org in ("", "local", "other")]
        here = [(await store.list(query)).total for query in queries]
        assert await store.write(lambda tx: [tx.list(query).total for query in queries]) == here
        assert [(await store.list(query)).total for query in queries] == here, "also when they are remembered"
        return here

    assert await totals() == [0] * 6
    first = await put(store, "a", labels={"l": "1"})
    assert await totals() == [1, 1, 0, 1, 1, 0]
    await put(store, "b", kind="Workflow", org="other")
    assert await totals() == [2, 1, 1, 1, 1, 0]
    await put(store, "a", labels={"l": "1"}, created_at=first.created_at, name="again")
    await put(store, "a", labels={"l": "1"}, org="other")
    assert await totals() == [2, 0, 2, 1, 0, 1]
    assert (await store.list(ListQuery(kinds=("Workflow",)))).total == 1

    def failing(tx: Transaction) -> None:
        tx.put(record(tx, "c", labels={"l": "1"}))
        tx.delete("Workflow", "b")
        assert tx.list(ListQuery()).total == 2
        assert tx.list(ListQuery(org="local", labels={"l": "1"})).total == 1
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(failing)
    assert await totals() == [2, 0, 2, 1, 0, 1]
    await store.write(lambda tx: (tx.delete("Agent", "a"), tx.delete("Agent", "a")))
    assert await totals() == [1, 0, 1, 0, 0, 0]


async def all_pages(store: Repository, query: ListQuery) -> list[Page]:
    """Every page, following the tokens."""
    pages = [await store.list(query)]
    while token := pages[-1].next_page_token:
        assert len(pages) < 100
        pages.append(await store.list(replace(query, page_token=token)))
    return pages
