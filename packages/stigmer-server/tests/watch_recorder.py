"""A client that records what a watch tells, session after session, as a well-behaved client goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc.aio

from stigmer_api._pb.stigmer.runtime.v1.resource_pb2 import WatchResourcesResponse
from stigmer_api.errors import ApiError, from_rpc_error
from stigmer_api.kinds import kind_by_name
from stigmer_api.methods import RESOURCE_SERVICE, method

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_WATCH = method(RESOURCE_SERVICE, "Watch")
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.http2.bdp_probe", 0),  # what a client that stalls has taken in its name stays small,
    ("grpc.http2.lookahead_bytes", 64 * 1024),  # so that the stall reaches the server
]
INITIAL, SYNCED, CREATED, UPDATED, DELETED, BOOKMARK = range(1, 7)


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
    def reached(self) -> int | None:
        """The last revision that it said it had told to the end; None: nothing was complete."""
        for item in reversed(self.told):
            if item.resume:
                return item.resume
        return self.from_revision

    @property
    def compacted(self) -> bool:
        """Whether it ended because the log no longer has what comes next."""
        return self.error is not None and (self.error.code, self.error.reason) == ("OUT_OF_RANGE", "REVISION_COMPACTED")

    @property
    def resume(self) -> int | None:
        """Where the next session has to go on; None: from the start."""
        return None if self.compacted else self.reached


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


async def run_to(watcher: Watcher, address: str, revision: int, seconds: float) -> Session:
    """Sessions until everything up to a revision is told; it starts anew where its own revision is compacted."""
    async with asyncio.timeout(seconds):
        while True:
            session = await watcher.run(address, lambda item: item.resume >= revision)
            if not session.compacted:
                return session
