"""`get -w`: what is shown, and how it goes on when the server goes away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stigmer_api.errors import InvalidArgument, OutOfRange, Unavailable
from stigmer_api.kinds import kind_by_key
from stigmer_api.messages import message_class
from stigmer_cli import reading
from stigmer_cli.client import connect
from stigmer_cli.errors import CliError, NotRunningError
from stigmer_cli.settings import load_settings
from stigmer_cli.watching import Watching

if TYPE_CHECKING:
    from stand_in import StandIn

_AGENT = kind_by_key("agent")
_AWAY = Unavailable("stopping", reason="SERVER_STOPPING")


def _agent(name: str, revision: int) -> Any:
    agent: Any = _AGENT.message()
    agent.metadata.name = agent.metadata.slug = name
    agent.metadata.id = f"agt-{name:0>26}"
    agent.metadata.revision = revision
    return agent


def _told(kind: str, revision: int, agent: Any = None, resume: int | None = None) -> Any:
    response: Any = message_class("stigmer.runtime.v1.WatchResourcesResponse")(
        type=f"WATCH_EVENT_TYPE_{kind}", revision=revision, resume_revision=revision if resume is None else resume
    )
    if agent is not None:
        response.item.Pack(agent)
    return response


def _watch(server: StandIn, known: list[Any], *names: str, count: int) -> list[tuple[str, int, bool]]:
    with connect(load_settings()) as client:
        changes = Watching(client, reading.select("agents", names, []), known).changes()
        found = [next(changes) for _ in range(count)]
        changes.close()
    return [(item.metadata.name, item.metadata.revision, gone) for item, gone in found]


def _asked(server: StandIn) -> list[int | None]:
    requests = [request for name, request in server.calls if name.endswith("/Watch")]
    return [request.from_revision if request.HasField("from_revision") else None for request in requests]


def test_only_what_was_not_shown_yet_is_shown(server: StandIn) -> None:
    old, changed, gone = _agent("old", 1), _agent("changed", 2), _agent("gone", 3)
    initial = [_told("INITIAL", 1, old, 0), _told("INITIAL", 5, _agent("changed", 5), 0), _told("SYNCED", 6)]
    server.watches = [[*initial, _told("CREATED", 7, _agent("new", 7)), _told("DELETED", 8, old)]]
    shown = _watch(server, [old, changed, gone], count=4)
    assert shown == [("changed", 5, False), ("gone", 3, True), ("new", 7, False), ("old", 1, True)]


def test_a_restart_of_the_server_is_survived_from_the_last_bookmark(server: StandIn) -> None:
    one = _agent("one", 1)
    server.watches = [
        [_told("INITIAL", 1, one, 0), _told("SYNCED", 4), _told("BOOKMARK", 9), _AWAY],
        [_AWAY],
        [_told("UPDATED", 10, _agent("one", 10))],
    ]
    assert _watch(server, [one], count=1) == [("one", 10, False)]
    assert _asked(server) == [None, 9, 9]


def test_after_too_long_an_absence_what_differs_is_shown(server: StandIn) -> None:
    one, two = _agent("one", 1), _agent("two", 2)
    server.watches = [
        [_told("INITIAL", 1, one, 0), _told("INITIAL", 2, two, 0), _told("SYNCED", 2), _AWAY],
        [OutOfRange("no longer kept", reason="REVISION_COMPACTED")],
        [_told("INITIAL", 50, _agent("one", 50), 0), _told("SYNCED", 60)],
    ]
    assert _watch(server, [one, two], count=2) == [("one", 50, False), ("two", 2, True)]
    assert _asked(server) == [None, 2, None]


def test_names_and_ids_go_to_the_server(server: StandIn) -> None:
    one = _agent("one", 1)
    server.watches = [[_told("INITIAL", 5, _agent("one", 5), 0)]]
    _watch(server, [one], "Big One", one.metadata.id, count=1)
    request = next(request for name, request in server.calls if name.endswith("/Watch"))
    assert (list(request.names), list(request.ids)) == (["big-one"], [one.metadata.id])


def test_a_refusal_ends_the_watch_and_so_does_a_server_that_stays_away(server: StandIn) -> None:
    with connect(load_settings()) as client:
        selection = reading.select("agents", [], [])
        server.watches = [[InvalidArgument("no")]]
        with pytest.raises(CliError, match="no"):
            next(Watching(client, selection, []).changes())
        watching = Watching(client, selection, [])
        watching.reconnect_seconds = -1
        server.watches = [[_AWAY]]
        with pytest.raises(NotRunningError):
            next(watching.changes())


def test_a_change_is_shown_in_each_format() -> None:
    selection = reading.select("agents", [], [])
    gone = (_agent("one", 1), True)
    assert reading.show_change(selection, gone, "table").endswith("(deleted)")
    assert json.loads(reading.show_change(selection, gone, "json"))["object"]["metadata"]["name"] == "one"
