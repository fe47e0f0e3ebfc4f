"""What streams cost: latency from commit to subscriber, fan-out, memory of an idle stream, harm of a stalled reader.

    python benchmarks/watch_latency.py

A child process serves and writes; this one subscribes over gRPC and notes when bytes arrive, decoding them later. Both
read one monotonic clock. Beside each figure stands a baseline of the same run: streams of bare grpc.aio in the child,
which get ready-made bytes and know of no database.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import grpc.aio
import uvloop

from stigmer_api._pb.stigmer.runtime.v1.resource_pb2 import WatchResourcesRequest, WatchResourcesResponse
from stigmer_api.kinds import kind_by_key
from stigmer_server.app import App, open_store
from stigmer_server.collector import spare_the_collector
from stigmer_server.logs import configure_logging
from stigmer_server.settings import load_settings
from stigmer_store import Change, ResourceRecord, Transaction

AGENT = kind_by_key("agent")
WATCH = "/stigmer.runtime.v1.ResourceService/Watch"
BARE = "/bare/stream"
EMPTY = "/grpc.health.v1.Health/Check"
SUBSCRIBERS, FANS = 100, 50
ROUNDS = 5  # of what is compared, in turn; medians count
AT_ONCE = 32  # writes under way while fan-out is measured: one commit of the disk for all of them
CREATED_AT = datetime.now(UTC)
ID = f"agt-{0:026d}"


def put(text: str, tx: Transaction) -> None:
    """One new state of the one agent."""
    agent: Any = AGENT.message()
    agent.metadata.id, agent.spec.instructions = ID, text
    now, body = datetime.now(UTC), agent.SerializeToString()
    tx.put(ResourceRecord("agent", ID, "local", "a", "a", tx.revision(), CREATED_AT, now, body, {}, {}))


class Bare(grpc.GenericRpcHandler):
    """Streams ready-made bytes to whoever asks, as fast as they go or when told."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[bytes]] = set()

    def service(self, details: Any) -> Any:
        """The one method."""
        return grpc.unary_stream_rpc_method_handler(self._stream)

    async def _stream(self, _request: bytes, context: Any) -> None:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.queues.add(queue)
        try:
            while True:
                await context.write(await queue.get())
        finally:
            self.queues.discard(queue)


async def serve(home: Path) -> None:
    """The child: obey lines of JSON on standard input."""
    configure_logging("error")
    settings = load_settings(home=home, port=0, temporal_address="127.0.0.1:1", log_level="error")
    repository = await open_store(settings)
    times: dict[int, int] = {}

    def stamp(changes: Sequence[Change]) -> None:
        times[changes[0].revision] = time.monotonic_ns()

    repository.add_listener(stamp)  # before the broker's: the clock starts when the commit is known to be durable
    bare, server = Bare(), grpc.aio.server()
    server.add_generic_rpc_handlers((bare,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with App(settings, repository) as app:
        spare_the_collector()
        say({"address": app.address, "token": app.token, "bare": f"127.0.0.1:{port}"})
        while line := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(line)
            times.clear()
            text = "x" * order.get("bytes", 0)
            for number in range(order.get("count", 0)):
                if order["do"] == "write" and not order["pause"]:
                    await asyncio.gather(*(repository.write(partial(put, f"{number} {text}")) for _ in range(AT_ONCE)))
                elif order["do"] == "write":
                    await repository.write(partial(put, f"{number} {text}"))
                else:
                    sent = time.monotonic_ns()
                    times[sent] = sent
                    for queue in bare.queues:
                        queue.put_nowait(sent.to_bytes(8, "big") + text.encode())
                await asyncio.sleep(order["pause"])
            gc.collect()
            say({"times": list(times.items()), "rss": rss(), "streams": app.broker.subscriber_count})
    await server.stop(None)


def say(answer: dict[str, Any]) -> None:
    """One line for the parent."""
    print(json.dumps(answer), flush=True)


def rss() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class Bench:
    """The parent's side."""

    def __init__(self, process: asyncio.subprocess.Process, hello: dict[str, str]) -> None:
        self._process = process
        self.address, self.bare = hello["address"], hello["bare"]
        self.metadata = [("authorization", f"Bearer {hello['token']}")]

    async def order(self, **order: Any) -> dict[str, Any]:
        """Have the child do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return await answer(self._process)

    @asynccontextmanager
    async def streams(self, number: int, *, bare: bool, read: int | None = None) -> AsyncIterator[list[Any]]:
        """Open streams; the first `read` (all) are read into lists of (arrival, bytes)."""
        address, path = (self.bare, BARE) if bare else (self.address, WATCH)
        request = b"" if bare else WatchResourcesRequest(kinds=[AGENT.number], bookmark_seconds=300).SerializeToString()
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_concurrent_streams", 10_000)]
        channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(min(number, 10))]
        calls: list[Any] = []
        for place in range(number):
            stub: Any = channels[place % len(channels)].unary_stream(path)
            calls.append(stub(request, metadata=self.metadata))
        got: list[list[tuple[int, bytes]]] = [[] for _ in calls]

        async def follow(place: int) -> None:
            async for raw in calls[place]:
                got[place].append((time.monotonic_ns(), raw))

        tasks = [asyncio.create_task(follow(place)) for place in range(number if read is None else read)]
        await asyncio.sleep(1.5)
        for each in got:
            each.clear()
        yield got
        for call in calls:
            call.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for channel in channels:
            await channel.close()


async def answer(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The next line of the child."""
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(await process.stdout.readline())
    return found


def delays(times: dict[int, int], got: list[list[tuple[int, bytes]]], *, bare: bool) -> list[float]:
    """Milliseconds from commit to arrival."""
    found = []
    for each in got:
        for arrived, raw in each:
            key = int.from_bytes(raw[:8], "big") if bare else WatchResourcesResponse.FromString(raw).revision
            if key in times:
                found.append((arrived - times[key]) / 1e6)
    return found


def percentiles(values: list[float]) -> tuple[float, float]:
    """p50 and p99."""
    cuts = statistics.quantiles(values, n=100)
    return cuts[49], cuts[98]


async def latency(bench: Bench, *, bare: bool, stalled: int = 0) -> tuple[float, float]:
    """p50 and p99 with all subscribers; the stalled ones are open and not read."""
    async with bench.streams(SUBSCRIBERS + stalled, bare=bare, read=SUBSCRIBERS) as got:
        done = await bench.order(do="bare" if bare else "write", count=150, pause=0.03, bytes=1024)
        await asyncio.sleep(0.5)
        return percentiles(delays(dict(done["times"]), got[:SUBSCRIBERS], bare=bare))


async def fan_out(bench: Bench, *, bare: bool) -> float:
    """Deliveries a second of 2 KB."""
    count = 960  # whole groups of AT_ONCE
    groups = count if bare else count // AT_ONCE
    async with bench.streams(FANS, bare=bare) as got:
        began = time.monotonic()
        await bench.order(do="bare" if bare else "write", count=groups, pause=0, bytes=2048)
        while min(map(len, got)) < count and time.monotonic() - began < 60:  # noqa: ASYNC110 - lists fill; nobody tells
            await asyncio.sleep(0.01)
        return sum(map(len, got)) / (max(each[-1][0] for each in got) / 1e9 - began)


async def idle(bench: Bench, *, bare: bool) -> float:
    """KB of the server per idle stream."""
    number = 500
    before = (await bench.order(do="nothing"))["rss"]
    async with bench.streams(number, bare=bare):
        return float((await bench.order(do="nothing"))["rss"] - before) / number / 1024


async def main() -> None:
    """Measure and print."""
    gc.disable()  # a reader that collects its garbage holds up what it reads
    with tempfile.TemporaryDirectory() as home:
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--serve", home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**24
        )
        bench = Bench(process, {key: str(value) for key, value in (await answer(process)).items()})
        await idle(bench, bare=True)  # what the first streams of a process make it allocate once is no stream's
        idle_bare, idle_watch = await idle(bench, bare=True), await idle(bench, bare=False)
        tell(f"idle stream: {idle_watch:.1f} KB; bare {idle_bare:.1f} KB; ratio {idle_watch / max(idle_bare, 0.1):.2f}")
        rates = [(await fan_out(bench, bare=True), await fan_out(bench, bare=False)) for _ in range(ROUNDS)]
        base_rate, rate = (statistics.median(column) for column in zip(*rates, strict=True))
        tell(f"fan-out to {FANS}, 2 KB: {rate:,.0f}/s; bare {base_rate:,.0f}/s; ratio {rate / base_rate:.2f}")
        runs = [
            (
                await latency(bench, bare=True),
                await latency(bench, bare=False),
                await latency(bench, bare=False, stalled=5),
            )
            for _ in range(ROUNDS)
        ]
        for number, name in enumerate(("p50", "p99")):
            base, ours, stalled = (statistics.median(one[which][number] for one in runs) for which in range(3))
            tell(f"{SUBSCRIBERS} subscribers, 1 KB, {name}: {ours:.2f} ms; bare {base:.2f} ms; ratio {ours / base:.2f}")
        tell(f"p99 with 5 stalled readers: {stalled:.2f} ms; without {ours:.2f}; ratio {stalled / ours:.2f}")
        process.kill()
        await process.wait()


def tell(line: str) -> None:
    """One line of the result."""
    print(line, flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # readers must not be slower than the server
        runner.run(serve(Path(sys.argv[2])) if sys.argv[1:2] == ["--serve"] else main())
