"""A judge of what watches told, against the whole change log.

What it wants: ordered, unique, gap-free, atomic, resumable, terminal-delivered. A client may see a part of a
transaction just before its stream breaks; only what `resume_revision` covers counts as told, and the rest comes again.

A client whose revision was compacted starts anew. Its sessions then are several stretches: each must begin with exactly
the state of the revision that its SYNCED names, tell all from there to where it was cut off, and not go back.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from operator import attrgetter
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from watch_recorder import BOOKMARK, CREATED, DELETED, INITIAL, SYNCED, UPDATED, Session, Told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stigmer_store import Change

_WORDS = {CREATED: "created", UPDATED: "updated", DELETED: "deleted"}

State = dict[str, int]
"""The fingerprint of each resource that is there."""


class Logged(NamedTuple):
    """One change as the log has it, without its body but for a fingerprint of it."""

    revision: int
    id: str
    operation: str
    body: int


class _Stretch(NamedTuple):
    """Sessions that go on one from another, and what they cover: the changes behind `start` up to `end`."""

    sessions: Sequence[Session]
    start: int | None  # None: not even the initial state was told to its end
    end: int
    initial: State | None  # None: it began at a revision, so without an initial state


def logged(changes: Iterable[Change]) -> list[Logged]:
    """Changes as the judge wants them."""
    return [Logged(each.revision, intern(each.id), each.operation.value, hash(each.record.body)) for each in changes]


def problems(log: Sequence[Logged], sessions: Sequence[Session], *, latest: bool = False) -> list[str]:
    """What is wrong with the sessions of one watcher, which together must tell the log of its selection to the end.

    `log` begins with the first change that ever was.
    """
    found: list[str] = []
    for session in sessions:
        found += _order(session, latest=latest) + _excuse(session)
    for before, after in pairwise(sessions):
        if after.from_revision != before.resume:
            found.append(f"not resumable: {before.resume} was to resume from, {after.from_revision} was asked for")
    stretches = _stretches(sessions, log[-1].revision if log else 0)
    states = _states(log, {at for each in stretches for at in (each.start, each.end) if at is not None})
    for stretch in stretches:
        found += _judge(log, states, stretch, latest=latest)
    for one, two in pairwise(each for each in stretches if each.start is not None):
        if (two.start or 0) < one.end:
            found.append(f"went back: from {one.end} to {two.start}")
    return found


def _order(session: Session, *, latest: bool) -> list[str]:
    """Revisions grow; no marker or resume point splits a revision."""
    found = []
    revision = resume = session.from_revision or 0
    for item in session.told:
        if item.type == INITIAL:
            continue
        if item.revision < revision:
            found.append(f"not ordered: {item} after revision {revision}")
        if item.resume and item.resume < resume:
            found.append(f"not ordered: {item} resumes before {resume}")
        if item.id and item.revision <= resume and item.resume:
            found.append(f"not atomic: {item} although {resume} was said to be told")
        if not latest and item.type in _WORDS and item.resume not in {0, item.revision, item.revision - 1}:
            found.append(f"not atomic: {item}")
        if item.type in {SYNCED, BOOKMARK} and item.resume != item.revision:
            found.append(f"not resumable: {item}")
        revision, resume = max(revision, item.revision), item.resume or resume
    return found


def _excuse(session: Session) -> list[str]:
    """A stream may end as compacted only when what comes next for its client really is gone."""
    if not session.compacted or session.error is None or session.reached is None:
        return []
    oldest = int(session.error.metadata["oldest"])
    return [f"compacted up to {oldest} only, {session.reached} was reached"] if oldest <= session.reached else []


def _stretches(sessions: Sequence[Session], newest: int) -> list[_Stretch]:
    """The sessions, cut behind each one that ended as compacted; the last must reach the end of the log."""
    cuts = [index for index, session in enumerate(sessions, 1) if session.compacted and index < len(sessions)]
    made = []
    for first, last in pairwise([0, *cuts, len(sessions)]):
        part = sessions[first:last]
        start, initial = _start(part)
        reached = newest if last == len(sessions) else part[-1].reached
        made.append(_Stretch(part, start, start or 0 if reached is None else reached, initial))
    return made


def _start(sessions: Sequence[Session]) -> tuple[int | None, State | None]:
    """The revision that the sessions go on from, and what was there.

    A session from the start that left nothing to resume from (it broke off before SYNCED, or the store was empty) is
    followed by another one from the start, and that one counts.
    """
    anew = [session for session in sessions if session.from_revision is None]
    if not anew:
        return sessions[0].from_revision, None
    initial: State = {}
    for item in anew[-1].told:
        if item.type == SYNCED:
            return item.revision, initial
        _apply(initial, item.id, item.body, gone=item.type == DELETED)
    return None, None


def _states(log: Sequence[Logged], revisions: set[int]) -> Mapping[int, State]:
    """What was there at each of these revisions."""
    states: dict[int, State] = {}
    state: State = {}
    place = 0
    for revision in sorted(revisions):
        while place < len(log) and log[place].revision <= revision:
            change = log[place]
            _apply(state, change.id, change.body, gone=change.operation == "deleted")
            place += 1
        states[revision] = state.copy()
    return states


def _apply(state: State, resource_id: str, body: int, *, gone: bool) -> None:
    if gone:
        state.pop(resource_id, None)
    else:
        state[resource_id] = body


def _judge(log: Sequence[Logged], states: Mapping[int, State], stretch: _Stretch, *, latest: bool) -> list[str]:
    """One stretch: its initial state, what it told behind that, and what its client has in the end."""
    if stretch.start is None:
        excused = stretch.sessions[-1].compacted
        return [] if excused else ["terminal state not delivered: not even an initial state was complete"]
    state = states[stretch.start] if stretch.initial is None else stretch.initial
    found = _differing("not the state that it started from", state, states[stretch.start])
    told = [item for session in stretch.sessions for item in _covered(session)]
    first, behind = (bisect_right(log, at, key=attrgetter("revision")) for at in (stretch.start, stretch.end))
    found += _completeness(log[first:behind], told, latest=latest)
    state = state.copy()
    for item in told:
        _apply(state, item.id, item.body, gone=item.type == DELETED)
    return found + _differing("terminal state not delivered", state, states[stretch.end])


def _differing(what: str, state: State, expected: State) -> list[str]:
    wrong = {key for key in state.keys() | expected.keys() if state.get(key) != expected.get(key)}
    return [f"{what}: {sorted(wrong)[:5]}"] if wrong else []


def _covered(session: Session) -> Iterable[Told]:
    """The changes that the session's last resume point covers."""
    end = session.reached or 0
    synced = session.from_revision is not None
    for item in session.told:
        synced = synced or item.type == SYNCED
        if synced and item.type in _WORDS and item.revision <= end:
            yield item


def _completeness(expected: Sequence[Logged], told: Sequence[Told], *, latest: bool) -> list[str]:
    want = [change[:3] for change in expected]
    have = [(item.revision, item.id, _WORDS[item.type]) for item in told]
    found = []
    if len(set(have)) != len(have):
        found.append(f"not unique: {len(have) - len(set(have))} changes were told twice")
    unknown = {item[:2] for item in have} - {item[:2] for item in want}
    if unknown:
        found.append(f"never happened: {sorted(unknown)[:5]}")
    if latest:
        total = len(have) + sum(item.coalesced for item in told)
        if total > len(want):
            found.append(f"{total} changes told or coalesced, only {len(want)} happened")
    elif have != want:
        lost = set(want) - set(have)
        found.append(f"not gap-free: {len(lost)} of {len(want)} changes lost, first {sorted(lost)[:3]}")
    return found
