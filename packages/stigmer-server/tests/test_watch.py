"""What Watch promises: ordered, unique, gap-free, atomic, resumable; and what a selection means."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import AGENT_SPEC, WAIT_SECONDS, call, make_agent, make_workflow, request, resource
from watch_validator import (
    BOOKMARK,
    CREATED,
    DELETED,
    INITIAL,
    SYNCED,
    UPDATED,
    Logged,
    Session,
    Told,
    Watcher,
    logged,
    problems,
    run_to,
)

from stigmer_api.client import AsyncClient
from stigmer_api.errors import InvalidArgument, OutOfRange, Unavailable
from stigmer_api.kinds import kind_by_key
from stigmer_api.methods import RESOURCE_SERVICE
from stigmer_store import ResourceRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from stigmer_server.app import App
    from stigmer_store import Repository, Transaction

_AGENT = kind_by_key("agent").number


def _watch(client: AsyncClient, **fields: Any) -> Any:
    return client.stream(RESOURCE_SERVICE, "Watch", request(RESOURCE_SERVICE, "Watch", **fields))


async def _next(stream: Any) -> Any:
    return await asyncio.wait_for(anext(stream), WAIT_SECONDS)


async def _agent(stream: Any) -> tuple[int, Any]:
    event = await _next(stream)
    agent = kind_by_key("agent").message()
    assert event.item.Unpack(agent)
    return event.type, agent


async def _update(client: AsyncClient, agent: Any, **labels: str) -> Any:
    changed = resource("agent", agent.metadata.name, AGENT_SPEC, id=agent.metadata.id, labels=labels)
    return await client.call("agent", "update", changed)


# -- through the API


async def test_a_watch_tells_what_is_there_then_synced_then_each_change(client: AsyncClient) -> None:
    first = await make_agent(client, "first")
    stream = _watch(client, kinds=["agent"])
    assert await _agent(stream) == (INITIAL, first)
    synced = await _next(stream)
    assert (synced.type, synced.revision) == (SYNCED, synced.resume_revision)
    second = await make_agent(client, "second")
    assert await _agent(stream) == (CREATED, second)
    changed = await _update(client, second, team="red")
    assert await _agent(stream) == (UPDATED, changed)
    gone = await call(client, "agent", "delete", value=second.metadata.id)
    assert await _agent(stream) == (DELETED, gone)


async def test_what_an_update_moves_out_of_a_selection_is_deleted_there_and_what_it_moves_in_created(
    client: AsyncClient,
) -> None:
    agent = await make_agent(client, "mover", labels={"team": "red"})
    start = agent.metadata.revision
    red, blue = (
        _watch(client, kinds=["agent"], labels={"team": team}, from_revision=start) for team in ("red", "blue")
    )
    moved = await _update(client, agent, team="blue")
    assert await _agent(red) == (DELETED, moved)
    assert await _agent(blue) == (CREATED, moved)
    again = await _update(client, agent, team="blue", more="1")
    assert await _agent(blue) == (UPDATED, again)
    later = _watch(client, kinds=["agent"], label_selector="team in (red)", from_revision=start)
    assert await _agent(later) == (DELETED, moved), "also when it is read from the log"


async def test_names_and_ids_select_resources(client: AsyncClient) -> None:
    one, two, three = [await make_agent(client, name) for name in ("one", "two", "three")]
    for org in ("local", ""):
        stream = _watch(client, kinds=["agent"], org=org, names=["two"], ids=[three.metadata.id])
        found = [await _agent(stream) for _ in range(2)]
        assert sorted(item.metadata.name for _, item in found) == ["three", "two"]
        assert (await _next(stream)).type == SYNCED
    await _update(client, one, x="1")
    changed = await _update(client, two, x="1")
    assert await _agent(stream) == (UPDATED, changed)
    by_id = _watch(client, ids=[one.metadata.id])
    assert (await _agent(by_id))[1].metadata.id == one.metadata.id


async def test_an_idle_watch_gets_bookmarks_that_can_be_resumed_from(client: AsyncClient) -> None:
    stream = _watch(client, kinds=["agent"], bookmark_seconds=1)
    assert (await _next(stream)).type == SYNCED
    other = await make_workflow(client)
    while True:
        event = await _next(stream)
        assert event.type == BOOKMARK
        if event.resume_revision >= other.metadata.revision:
            break
    agent = await make_agent(client)
    resumed = _watch(client, kinds=["agent"], from_revision=event.resume_revision)
    assert await _agent(resumed) == (CREATED, agent)


async def test_bad_requests_say_which_field_is_wrong(client: AsyncClient) -> None:
    for fields, wrong in (
        ({"from_revision": -1}, "from_revision"),
        ({"mode": 9}, "mode"),
        ({"kinds": [999]}, "kinds"),
        ({"field_selector": "nothing=1"}, "field_selector"),
    ):
        with pytest.raises(InvalidArgument) as refused:
            await _next(_watch(client, **fields))
        assert refused.value.violations[0].field == wrong


async def test_a_revision_that_the_store_has_not_reached_is_out_of_range(client: AsyncClient) -> None:
    with pytest.raises(OutOfRange) as refused:
        await _next(_watch(client, from_revision=10_000))
    assert refused.value.reason == "REVISION_AHEAD"


async def test_below_the_window_a_watch_ends_as_compacted_with_the_oldest_start(app: App, client: AsyncClient) -> None:
    agents = [await make_agent(client, f"agent-{number}") for number in range(4)]
    oldest = await app.repository.compact(1, timedelta(0), now=datetime.now(UTC) + timedelta(days=1))
    app.broker.restart(await app.repository.revision())  # what is in memory would still serve it
    with pytest.raises(OutOfRange) as ended:
        await _next(_watch(client, kinds=["agent"], from_revision=agents[0].metadata.revision))
    assert (ended.value.reason, ended.value.metadata["oldest"]) == ("REVISION_COMPACTED", str(oldest))
    stream = _watch(client, kinds=["agent"], from_revision=oldest)
    assert (await _agent(stream))[1].metadata.revision > oldest


async def test_a_stop_ends_a_watch_with_the_revision_to_go_on_from(app: App, client: AsyncClient) -> None:
    stream = _watch(client, kinds=["agent"])
    assert (await _next(stream)).type == SYNCED
    agent = await make_agent(client)
    await _agent(stream)
    app.broker.close()
    with pytest.raises(Unavailable) as ended:
        await _next(stream)
    assert ended.value.metadata["revision"] == str(agent.metadata.revision)


async def test_subscribe_does_not_repeat_what_was_seen(app: App, client: AsyncClient) -> None:
    agent = await make_agent(client)
    kind = kind_by_key("agent")
    seen = agent.metadata.revision
    states = app.broker.follow(kind, agent.metadata.id, lambda _record: False, seen)
    changed = await _update(client, agent, x="1")
    assert (await asyncio.wait_for(anext(states), WAIT_SECONDS)).revision == changed.metadata.revision
    await states.aclose()
    with pytest.raises(OutOfRange):
        await anext(app.broker.follow(kind, agent.metadata.id, lambda _record: False, 9999))


async def test_changes_that_could_not_be_heard_make_a_subscriber_read_anew(app: App, client: AsyncClient) -> None:
    agent = await make_agent(client)
    states = app.broker.follow(kind_by_key("agent"), agent.metadata.id, lambda _record: False)
    await anext(states)
    waiting = asyncio.create_task(anext(states))
    await asyncio.sleep(0)
    app.broker.restart(agent.metadata.revision)
    changed = await _update(client, agent, x="1")
    assert (await asyncio.wait_for(waiting, WAIT_SECONDS)).revision == changed.metadata.revision
    await states.aclose()


async def test_the_counters_tell_streams_deliveries_and_latency(app: App, client: AsyncClient) -> None:
    stream = _watch(client, kinds=["agent"])
    await _next(stream)
    await make_agent(client)
    await _next(stream)
    stats = app.broker.stats
    assert (stats.subscribers["watch_all"], stats.open_streams, stats.lag) == (1, 1, 0)
    await make_agent(client, "again")
    await _next(stream)
    assert stats.delivered >= 1
    assert stats.publish_latency.count == sum(stats.publish_latency.counts) >= 1


# -- recorded and judged


class Writer:
    """Writes agents straight into the store: transactions of one to three resources, with some deletions."""

    def __init__(self, repository: Repository, seed: int = 1) -> None:
        self.changes = 0
        self._repository = repository
        self._random = random.Random(seed)

    async def write(self, transactions: int, callers: int = 32) -> None:
        """So many transactions, several at a time."""
        plans = [self._plan() for _ in range(transactions)]
        self.changes += sum(map(len, plans))

        async def caller(number: int) -> None:
            for plan in plans[number::callers]:
                await self._repository.write(partial(_apply, plan))

        await asyncio.gather(*map(caller, range(callers)))

    def _plan(self) -> list[tuple[str, bool, str]]:
        names = self._random.sample(range(40), self._random.choice((1, 1, 2, 3)))
        return [(f"agt-{n:026d}", self._random.random() < 0.02, str(self._random.random())) for n in names]


def _apply(plan: list[tuple[str, bool, str]], tx: Transaction) -> None:
    for name, remove, text in plan:
        if remove and tx.get("agent", name) is not None:
            tx.delete("agent", name)
            continue
        body = resource("agent", name, {"instructions": text}, id=name).SerializeToString()
        now = datetime.now(UTC)
        record = ResourceRecord("agent", name, "local", name, name, tx.revision(), now, now, body, {}, {})
        tx.put(record)


async def _log(repository: Repository) -> list[Logged]:
    found: list[Logged] = []
    while batch := await repository.changes(found[-1].revision if found else 0, 5000):
        found += logged(batch)
    return found


async def _restless(watcher: Watcher, app: App, writing: asyncio.Task[None], seed: int) -> None:
    """Stall and reconnect at random until the writer is done, then read to the end."""
    dice = random.Random(seed)

    async def stall() -> None:
        if dice.random() < 0.001:
            await asyncio.sleep(0.05)  # a reader that does something else, not a wait for anything

    while not writing.done():
        left = [dice.randrange(1, 3000)]

        def enough(_item: Told, left: list[int] = left) -> bool:
            left[0] -= 1
            return left[0] < 0 or writing.done()

        await asyncio.wait_for(watcher.run(app.address, enough, stall), 120)
    await run_to(watcher, app.address, await app.repository.revision(), 120)


@pytest.mark.timeout(180)
async def test_forty_thousand_changes_reach_stalled_and_reconnecting_readers_once(serving: Callable[..., Any]) -> None:
    async with serving() as app:
        writer = Writer(app.repository)
        await writer.write(50)
        every = [Watcher(app.token, kinds=[_AGENT]) for _ in range(2)]
        latest = Watcher(app.token, kinds=[_AGENT], mode=2)
        for watcher in (*every, latest):  # so that each has a revision to resume from
            await asyncio.wait_for(watcher.run(app.address, lambda item: item.type == SYNCED), WAIT_SECONDS)
        writing = asyncio.create_task(writer.write(24_000))
        readers = [_restless(watcher, app, writing, seed) for seed, watcher in enumerate((*every, latest))]
        await asyncio.gather(writing, *readers)
        log = await _log(app.repository)
        assert len(log) > 40_000
        for watcher in every:
            assert problems(log, watcher.sessions) == []
            assert len(watcher.sessions) > 3
        assert problems(log, latest.sessions, latest=True) == []


async def test_a_reader_that_writes_overtake_while_the_initial_state_is_read_is_exact_at_synced(app: App) -> None:
    writer = Writer(app.repository)
    for number in range(30):
        await app.repository.write(partial(_apply, [(f"agt-{100 + number:026d}", False, "x")]))
    watcher = Watcher(app.token, kinds=[_AGENT])
    writing = asyncio.create_task(writer.write(300))
    for _ in range(10):
        await asyncio.wait_for(Watcher.run(watcher, app.address, lambda item: item.type == SYNCED), WAIT_SECONDS)
        watcher.sessions[:-1] = []
        session = watcher.sessions.pop()
        log = [change for change in await _log(app.repository) if change.revision <= session.told[-1].revision]
        assert problems(log, [session]) == []
    await writing


def test_the_validator_finds_what_it_is_there_for() -> None:
    def change(revision: int, resource_id: str) -> Logged:
        return Logged(revision, resource_id, "updated", hash(b""))

    def told(revision: int, resource_id: str, resume: int | None = None) -> Told:
        return Told(UPDATED, revision, revision if resume is None else resume, 0, resource_id, hash(b""))

    log = [change(1, "a"), change(2, "a"), change(2, "b"), change(3, "c")]
    good = [told(1, "a"), told(2, "a", 1), told(2, "b"), told(3, "c")]
    assert problems(log, [Session(0, good)]) == []
    assert problems(log, [Session(0, good[:2]), Session(1, good[1:])]) == [], "an interrupted transaction comes again"
    for bad, word in (
        ([good[1], good[0], *good[2:]], "not ordered"),
        ([good[0], *good], "not unique"),
        ([good[0], *good[2:]], "not gap-free"),
        ([good[0], told(2, "a", 2), *good[2:]], "not atomic"),
        (good[:3], "terminal state"),
    ):
        assert word in " ".join(problems(log, [Session(0, bad)])), word
    assert "not resumable" in " ".join(problems(log, [Session(0, good[:3]), Session(1, good[2:])]))
