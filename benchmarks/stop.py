"""How long a server takes to stop with 100 open streams, against one with none.

    python benchmarks/stop.py [streams]

Bound: 3 seconds for the whole stack. A server gives calls under way half a second.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path

import grpc.aio
import served

from stigmer_api.methods import RESOURCE_SERVICE, method


async def reading(call: grpc.aio.UnaryStreamCall[bytes, bytes], first: asyncio.Event) -> grpc.StatusCode:
    """Read a stream to its end; the code it ends with."""
    try:
        async for _ in call:
            first.set()
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def seconds_to_stop(folder: Path, streams: int) -> tuple[float, int]:
    """Time from SIGTERM to the end of the process, and how many streams were told UNAVAILABLE."""
    watch = method(RESOURCE_SERVICE, "Watch")
    with served.server(folder) as (process, address, token):
        async with served.raw_channel(address) as channel:
            begun = [asyncio.Event() for _ in range(streams)]
            readers = []
            for first in begun:
                stub = channel.unary_stream(watch.path)
                call = stub(b"", metadata=(("authorization", f"Bearer {token}"),))
                readers.append(asyncio.create_task(reading(call, first)))
            async with asyncio.timeout(60):
                await asyncio.gather(*(event.wait() for event in begun))
            started = time.perf_counter()
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 60)
            taken = time.perf_counter() - started
            codes = await asyncio.gather(*readers)
    return taken, codes.count(grpc.StatusCode.UNAVAILABLE)


async def main(streams: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        idle, _ = await seconds_to_stop(Path(folder) / "idle", 0)
        busy, told = await seconds_to_stop(Path(folder) / "busy", streams)
    print(f"stop without streams     {idle:5.2f} s")
    print(f"stop with {streams} streams    {busy:5.2f} s   {busy / idle:4.2f} times; {told} of them told UNAVAILABLE")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
