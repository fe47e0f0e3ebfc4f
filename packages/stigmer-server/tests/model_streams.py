"""Rules about executions and the streams that follow them, and about watches of everything in an org."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from model_driver import WATCHABLE, Follower
from model_machine import ResourceMachine, picks
from model_watch import assert_told
from server_testing import request, resource

from stigmer_api.methods import RESOURCE_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = "workflow_execution"
_TERMINAL = frozenset({"EXECUTION_COMPLETED", "EXECUTION_FAILED", "EXECUTION_CANCELLED", "EXECUTION_TERMINATED"})
_MOST_STREAMS = 4
phases = st.sampled_from(["EXECUTION_IN_PROGRESS"] * 8 + ["EXECUTION_COMPLETED", "EXECUTION_FAILED"])
reports = st.tuples(st.integers(-1, 3), phases, st.lists(st.sampled_from("abcdefgh"), max_size=3))


class StreamRules(ResourceMachine):
    """Executions with reports and events; subscribe, subscribeEvents and Watch, opened and left at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, list[str]] = {}
        self.states: dict[str, list[Any]] = {}
        self.followed: list[tuple[str, Follower]] = []
        self.followed_events: list[tuple[str, int, Follower]] = []
        self.watches: list[tuple[int | None, Follower]] = []

    def teardown(self) -> None:
        try:
            self.streams_have_told_everything()
        finally:
            for follower in self._open():
                follower.close()

    def _open(self) -> Iterator[Follower]:
        yield from (follower for _, follower in self.followed)
        yield from (follower for _, _, follower in self.followed_events)
        yield from (follower for _, follower in self.watches)

    # -- executions

    def keep_state(self, execution: Any) -> None:
        self.keep([execution])
        self.states.setdefault(execution.metadata.id, []).append(execution)

    @rule()
    def create_execution(self) -> None:
        workflow = self.by_slug("workflow", "flow")
        manifest = resource(_KEY, "run", {"workflow_id": workflow.metadata.id}, org=self.org)
        answer = self.driver.send(_KEY, "create", manifest)
        assert phase_of(answer) == "EXECUTION_PENDING"
        self.events[answer.metadata.id] = []
        self.keep_state(answer)

    @rule(pick=picks, reports=st.lists(reports, min_size=1, max_size=4))
    def report(self, pick: int, reports: list[tuple[int, str, list[str]]]) -> None:
        if self.chosen(pick, _KEY) is None:
            self.create_execution()
        for ahead, phase, event_ids in reports:
            self.report_once(self.chosen(pick, _KEY), ahead, phase, event_ids)

    def report_once(self, known: Any, ahead: int, phase: str, event_ids: list[str]) -> None:
        sequence = max(known.status.sequence + ahead, 1)
        events = [{"event_id": name, "event_type": 1, "occurred_at": "2026-01-01T00:00:00Z"} for name in event_ids]
        status = {"phase": phase, "error": f"report {sequence}"}
        answer = self.driver.call(
            _KEY, "updateStatus", execution_id=known.metadata.id, sequence=sequence, status=status, events=events
        )
        if phase_of(known) in _TERMINAL or sequence <= known.status.sequence:
            assert answer == known, "an old report, or one after the end, changes nothing"
            return
        log = self.events[known.metadata.id]
        log += [name for place, name in enumerate(event_ids) if name not in log and name not in event_ids[:place]]
        assert (phase_of(answer), answer.status.error) == (phase, f"report {sequence}")
        assert answer.status.sequence == sequence
        assert answer.status.last_event_sequence == len(log)
        self.keep_state(answer)

    @rule(pick=picks)
    def terminate(self, pick: int) -> None:
        known = self.chosen(pick, _KEY)
        if known is None or (phase_of(known) in _TERMINAL and phase_of(known) != "EXECUTION_TERMINATED"):
            return
        answer = self.driver.call(_KEY, "terminate", id=known.metadata.id)
        assert phase_of(answer) == "EXECUTION_TERMINATED"
        if phase_of(known) == "EXECUTION_TERMINATED":
            assert answer == known, "asking again changes nothing"
        else:
            self.keep_state(answer)

    @rule(pick=picks)
    def delete_execution(self, pick: int) -> None:
        known = self.chosen(pick, _KEY)
        if known is None:
            return
        message = request(_KEY, "delete", value=known.metadata.id)
        if phase_of(known) in _TERMINAL:
            self.streams_have_told_everything()
            assert self.driver.send(_KEY, "delete", message) == known
            self.forget([known], self.revision())
        else:
            assert self.driver.code(_KEY, "delete", message) == "FAILED_PRECONDITION"

    @rule(pick=picks, after=st.integers(0, 6))
    def read_events(self, pick: int, after: int) -> None:
        known = self.chosen(pick, _KEY)
        if known is not None:
            log = self.driver.call(_KEY, "getEventLog", execution_id=known.metadata.id, after_sequence=after)
            assert [event.event_id for event in log.events] == self.events[known.metadata.id][after:]
            assert log.latest_sequence == len(self.events[known.metadata.id])

    # -- streams

    @rule(pick=picks)
    def subscribe(self, pick: int) -> None:
        known = self.chosen(pick, _KEY)
        if known is not None and len(self.followed) < _MOST_STREAMS:
            message = request(_KEY, "subscribe", execution_id=known.metadata.id)
            follower = self.driver.follow(_KEY, "subscribe", message)
            self.followed.append((known.metadata.id, follower))
            follower.until(lambda it: bool(it.messages), "the state now")
            assert follower.messages[0] == known

    @rule(pick=picks, after=st.integers(0, 4))
    def subscribe_events(self, pick: int, after: int) -> None:
        """From the start, or resumed behind any event."""
        known = self.chosen(pick, _KEY)
        if known is not None and len(self.followed_events) < _MOST_STREAMS:
            message = request(_KEY, "subscribeEvents", execution_id=known.metadata.id, after_sequence=after)
            self.followed_events.append(
                (known.metadata.id, after, self.driver.follow(_KEY, "subscribeEvents", message))
            )

    @precondition(lambda _: WATCHABLE)
    @rule(pick=picks, resumed=st.booleans())
    def watch(self, pick: int, resumed: bool) -> None:
        """From now, or resumed behind any transaction of this org."""
        if len(self.watches) < _MOST_STREAMS:
            revisions = self.changes.revisions[1:]
            start = revisions[pick % len(revisions)] if resumed else None
            fields = {} if start is None else {"from_revision": start}
            message = request(RESOURCE_SERVICE, "Watch", org=self.org, mode="WATCH_MODE_ALL", **fields)
            follower = self.driver.follow(RESOURCE_SERVICE, "Watch", message)
            self.watches.append((start, follower))
            if start is None:
                follower.until(lambda it: any(is_synced(item) for item in it.messages), "what is there")
                told = {item.item.value for item in follower.messages if not is_synced(item)}
                assert told == {item.SerializeToString(deterministic=True) for item in self.stored.values()}

    @rule(pick=picks)
    def leave(self, pick: int) -> None:
        """Some stream of each sort."""
        for streams in (self.followed, self.followed_events, self.watches):
            if streams:
                *_, follower = streams.pop(pick % len(streams))
                follower.close()

    @rule()
    def streams_have_told_everything(self) -> None:
        for execution_id, follower in self.followed:
            self._told_states(execution_id, follower)
        for execution_id, after, follower in self.followed_events:
            self._told_events(execution_id, after, follower)
        for start, follower in self.watches:
            assert_told(follower, start, self.changes)

    def _told_states(self, execution_id: str, follower: Follower) -> None:
        last = self.states[execution_id][-1]
        follower.until(lambda it: it.messages[-1] == last, "the newest state")
        if phase_of(last) in _TERMINAL:
            follower.until(lambda it: it.ended, "the end")
            assert follower.error is None
        states = {state.metadata.revision: state for state in self.states[execution_id]}
        told = [message.metadata.revision for message in follower.messages]
        assert told == sorted(set(told)), "in order, each once"
        assert all(states[message.metadata.revision] == message for message in follower.messages)

    def _told_events(self, execution_id: str, after: int, follower: Follower) -> None:
        expected = self.events[execution_id][after:]
        follower.until(lambda it: len(it.messages) >= len(expected), "every event")
        if phase_of(self.states[execution_id][-1]) in _TERMINAL:
            follower.until(lambda it: it.ended, "the end")
            assert follower.error is None
        assert [event.event_id for event in follower.messages] == expected
        assert [event.sequence_number for event in follower.messages] == list(
            range(after + 1, after + 1 + len(expected))
        )


def phase_of(execution: Any) -> str:
    """Name of the phase."""
    values = execution.status.DESCRIPTOR.fields_by_name["phase"].enum_type.values_by_number
    return str(values[execution.status.phase].name)


def is_synced(response: Any) -> bool:
    """Whether a response of Watch tells no resource."""
    return not response.HasField("item")
