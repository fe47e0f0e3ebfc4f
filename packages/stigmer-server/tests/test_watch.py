"""What Watch promises: ordered, unique, gap-free, atomic, resumable; and what a selection means."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import AGENT_SPEC, WAIT_SECONDS, call, make_agent, make_workflow, request, resource
from watch_recorder import BOOKMARK, CREATED, DELETED, INITIAL, SYNCED, UPDATED

from stigmer_api.client import AsyncClient
from stigmer_api.errors import InvalidArgument, OutOfRange, Unavailable
from stigmer_api.kinds import kind_by_key
from stigmer_api.methods import RESOURCE_SERVICE

if TYPE_CHECKING:
    from stigmer_server.app import App

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


async def test_what_nobody_watched_is_not_kept_in_memory_and_comes_from_the_log(app: App, client: AsyncClient) -> None:
    stream = _watch(client, kinds=["agent"])
    start = (await _next(stream)).resume_revision
    first = await make_agent(client, "first")
    assert await _agent(stream) == (CREATED, first)
    assert app.broker.window.covers(start)
    await stream.aclose()
    async with asyncio.timeout(WAIT_SECONDS):
        for number in count():
            if not app.broker.subscriber_count:
                break
            await make_workflow(client, f"flow-{number}")  # until the server knows that the reader has left
    second = await make_agent(client, "second")
    assert not app.broker.window.covers(start)
    again = _watch(client, kinds=["agent"], from_revision=start)
    assert [await _agent(again) for _ in range(2)] == [(CREATED, first), (CREATED, second)]
    third = await make_agent(client, "third")
    assert await _agent(again) == (CREATED, third)


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
