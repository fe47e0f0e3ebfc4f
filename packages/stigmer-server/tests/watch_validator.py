"""A client that records what a watch tells, and a judge of such recordings against the change log.

What the judge wants: ordered, unique, gap-free, atomic, resumable, terminal-delivered. A client may see a part of a
transaction just before its stream breaks; only what `resume_revision` covers counts as told, and the rest comes again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc.aio

from stigmer_api._pb.stigmer.runtime.v1.resource_pb2 import WatchResourcesResponse
from stigmer_api.errors import ApiError, from_rpc_error
from stigmer_api.kinds import kind_by_name
from stigmer_api.methods import RESOURCE_SERVICE, method

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from stigmer_store import Change

_WATCH = method(RESOURCE_SERVICE, "Watch")
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
INITIAL, SYNCED, CREATED, UPDATED, DELETED, BOOKMARK = range(1, 7)
_WORDS = {CREATED: "created", UPDATED: "updated", DELETED: "deleted"}


class Logged(NamedTuple):
    """One change as the log has it, without its body but for a fingerprint of it."""

    revision: int
    id: str
    operation: str
    body: int


class Told(NamedTuple):
    """One response, without its body but for a fingerprint of it."""

    type: int
    revision: int
    resume: int
    coalesced: int
    id: str
    body: int


@dataclass
class Session:
    """One stream from its start to its end."""

    from_revision: int | None
    told: list[Told] = field(default_factory=list)
    error: ApiError | None = None

    @property
    def resume(self) -> int | None:
        """Where the next session has to go on; None: from the start."""
        for item in reversed(self.told):
            if item.resume:
                return item.resume
        return self.from_revision


class Watcher:
    """Watches with the given request fields; `sessions` has what it saw."""

    def __init__(self, token: str, **selection: Any) -> None:
        self.sessions: list[Session] = []
        self._selection = selection
        self._metadata = [("authorization", f"Bearer {token}")]

    @property
    def resume(self) -> int | None:
        """Where the next session goes on."""
        return self.sessions[-1].resume if self.sessions else None

    async def run(self, address: str, until: Callable[[Told], bool], stall: Callable[[], Any] | None = None) -> Session:
        """One session, until a response is the last wanted one or the stream breaks. `stall` is awaited at times."""
        start = self.resume
        session = Session(start)
        self.sessions.append(session)
        try:
            async for item in self._stream(address, start):
                session.told.append(item)
                if until(item):
                    break
                if stall is not None:
                    await stall()
        except ApiError as error:
            session.error = error
        return session

    async def _stream(self, address: str, start: int | None) -> AsyncIterator[Told]:
        position = {} if start is None else {"from_revision": start}
        request = _WATCH.request(**self._selection, **position)
        async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
            stub: Any = channel.unary_stream(_WATCH.path)
            call = stub(request.SerializeToString(), metadata=self._metadata)
            try:
                async for raw in call:
                    yield told_of(raw)
            except grpc.aio.AioRpcError as error:
                raise from_rpc_error(error) from error
            finally:
                call.cancel()


def told_of(raw: bytes) -> Told:
    """A response as recorded."""
    response = WatchResourcesResponse.FromString(raw)
    resource_id = ""
    if response.HasField("item"):
        item: Any = kind_by_name(response.item.type_url.rpartition(".")[2]).message()
        response.item.Unpack(item)
        resource_id = intern(item.metadata.id)  # recordings have a million of few ids
    fingerprint = hash(response.item.value)
    return Told(
        response.type, response.revision, response.resume_revision, response.coalesced, resource_id, fingerprint
    )


def logged(changes: Iterable[Change]) -> list[Logged]:
    """Changes as the judge wants them."""
    return [Logged(each.revision, intern(each.id), each.operation.value, hash(each.record.body)) for each in changes]


def problems(log: Sequence[Logged], sessions: Sequence[Session], *, latest: bool = False) -> list[str]:
    """What is wrong with the sessions of one watcher, which together must tell the log of its selection to the end."""
    found: list[str] = []
    for session in sessions:
        found += _order(session, latest=latest)
    for before, after in pairwise(sessions):
        if after.from_revision != before.resume:
            found.append(f"not resumable: {before.resume} was to resume from, {after.from_revision} was asked for")
    told = [item for session in sessions for item in _covered(session)]
    start, initial = _start(sessions)
    expected = [change for change in log if change.revision > start]
    found += _completeness(expected, told, latest=latest)
    return found + _final_state(log, initial, told)


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


def _covered(session: Session) -> Iterable[Told]:
    """The changes that the session's last resume point covers."""
    end = session.resume or 0
    synced = session.from_revision is not None
    for item in session.told:
        synced = synced or item.type == SYNCED
        if synced and item.type in _WORDS and item.revision <= end:
            yield item


def _start(sessions: Sequence[Session]) -> tuple[int, dict[str, int]]:
    """The revision that the first complete session starts from, and the bodies that were there."""
    for session in sessions:
        initial: dict[str, int] = {}
        if session.from_revision is not None:
            return session.from_revision, initial
        for item in session.told:
            if item.type == SYNCED:
                return item.revision, initial
            if item.type == DELETED:
                initial.pop(item.id, None)
            else:
                initial[item.id] = item.body
    return 0, {}


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


def _final_state(log: Sequence[Logged], initial: dict[str, int], told: Sequence[Told]) -> list[str]:
    """The last state of every resource was delivered."""
    state = dict(initial)
    for item in told:
        if item.type == DELETED:
            state.pop(item.id, None)
        else:
            state[item.id] = item.body
    final: dict[str, int] = {}
    for change in log:
        if change.operation == "deleted":
            final.pop(change.id, None)
        else:
            final[change.id] = change.body
    wrong = {key for key in state.keys() | final.keys() if state.get(key) != final.get(key)}
    return [f"terminal state not delivered: {sorted(wrong)[:5]}"] if wrong else []


async def run_to(watcher: Watcher, address: str, revision: int, seconds: float) -> Session:
    """A session that ends once everything up to a revision is told."""
    async with asyncio.timeout(seconds):
        return await watcher.run(address, lambda item: item.resume >= revision)
