"""A million changes, watchers of every change and of the latest, kills of the server, compaction: what is lost?

    python benchmarks/watch_million.py [changes] [seconds to write at most] [kills]

A child process serves and writes without end (transactions of one to three resources, some deletions, over 40
resources); this process watches it over gRPC, stalls, reconnects at random, and whenever another share of the changes
is written it kills the child with SIGKILL in the middle of its writing and starts it again. The child keeps the newest
5,000 changes only, trimmed every second; one watcher stays away until the log has forgotten where it was, again and
again. A trigger in the database keeps what is forgotten, so that at the end the judge of the tests holds what was told
against the whole log. Prints what was really done; exits 1 when anything is wrong, or when the time was over before all
changes were written.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource as limits
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packages" / "stigmer-server" / "tests"))

from kept_log import compacted_up_to, keep_forgotten, whole_log
from watch_recorder import SYNCED, Told, Watcher, run_to
from watch_validator import Logged, problems
from watch_writer import Writer

from stigmer_api.kinds import kind_by_key
from stigmer_server.app import App, open_store
from stigmer_server.logs import configure_logging
from stigmer_server.settings import load_settings

AGENT = kind_by_key("agent").number
PORTION = 2000  # transactions
FORGETTING = {"change_log_keep": 5000, "change_log_keep_seconds": 0, "upkeep_seconds": 1}


async def serve(home: Path, port: int, seed: int) -> None:
    """The child: serve, and write until it is killed or told to stop; say on standard output how much is written."""
    configure_logging("error")
    settings = load_settings(home=home, port=port, temporal_address="127.0.0.1:1", log_level="error", **FORGETTING)
    async with App(settings, await open_store(settings)) as app:
        if not seed:
            await asyncio.to_thread(keep_forgotten, database_of(home))
        print(app.address, app.token, flush=True)
        writer = Writer(app.repository, seed)
        stop = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
        while not stop.done():
            await writer.write(PORTION, callers=64)
            print(writer.changes, flush=True)
        print("done", flush=True)
        await asyncio.Event().wait()


class Child:
    """The serving process."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, 0
        self.address = self.token = ""

    async def start(self, seed: int) -> None:
        """Start it; returns once it serves."""
        command = [sys.executable, __file__, "--serve", str(self.home), str(self.port), str(seed)]
        self.process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.address, self.token = (await self.line()).split()
        self.port = int(self.address.rpartition(":")[2])

    async def line(self) -> str:
        """Its next word."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()

    async def wrote(self, changes: int, until: float) -> int:
        """Wait until it has written so many changes, or that monotonic time; how many there are."""
        found = 0
        while found < changes and time.monotonic() < until:
            line = await self.line()
            if not line:
                raise SystemExit("the server ended by itself")
            found = int(line)
        return found

    async def finish(self) -> None:
        """Have it write no more."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        while await self.line() != "done":
            pass

    async def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        await self.process.wait()


def database_of(home: Path) -> Path:
    """Its file."""
    return home / "data" / "stigmer.db"


async def forgotten(watcher: Watcher, child: Child, done: asyncio.Event) -> None:
    """Wait until the log no longer has what this watcher has yet to see."""
    while True:
        if done.is_set() or compacted_up_to(database_of(child.home)) > (watcher.resume or 0):
            return
        await asyncio.sleep(0.2)


async def watch(watcher: Watcher, child: Child, done: asyncio.Event, seed: int, *, late: bool = False) -> None:
    """Until the writing is done: read, stall, reconnect; `late`: only when the log has forgotten where it was."""
    dice = random.Random(seed)

    async def stall() -> None:
        if dice.random() < 0.0002:
            await asyncio.sleep(0.2)

    while not done.is_set():
        if late:
            await forgotten(watcher, child, done)
        enough = iter(range(dice.randrange(1000, 60_000)))

        def over(_item: Told, enough: Any = enough) -> bool:
            return done.is_set() or next(enough, None) is None

        with contextlib.suppress(OSError):
            session = await watcher.run(child.address, over, stall)
            if session.error is not None:
                await asyncio.sleep(0.2)


async def write_with_kills(child: Child, changes: int, seconds: float, kills: int, done: asyncio.Event) -> None:
    """Let the child write; kill it that many times on the way, always while it writes."""
    began, written = time.monotonic(), 0
    for part in range(kills + 1):
        if part:
            await child.start(part)
        share = (changes - written) // (kills + 1 - part)
        written += await child.wrote(share, began + seconds * (part + 1) / (kills + 1))
        tell_progress(written, began)
        if part < kills:
            await child.kill()
        else:
            await child.finish()
    done.set()


def tell_progress(written: int, began: float) -> None:
    """One line on standard error."""
    print(f"{written:,} changes after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


async def main(changes: int, seconds: float, kills: int) -> int:
    """Run and judge; 1 when anything is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        child, done = Child(Path(folder)), asyncio.Event()
        await child.start(0)
        watchers = {
            "ALL": Watcher(child.token, kinds=[AGENT]),
            "LATEST": Watcher(child.token, kinds=[AGENT], mode=2),
            "ALL, late": Watcher(child.token, kinds=[AGENT]),
        }
        for watcher in watchers.values():
            await watcher.run(child.address, lambda item: item.type == SYNCED)
        began = time.monotonic()
        readers = [
            watch(watcher, child, done, seed, late="late" in name)
            for seed, (name, watcher) in enumerate(watchers.items())
        ]
        await asyncio.gather(write_with_kills(child, changes, seconds, kills, done), *readers)
        written = time.monotonic() - began
        newest = (await asyncio.to_thread(newest_of, child.home))[0]
        for watcher in watchers.values():
            await run_to(watcher, child.address, newest, 600)
        caught_up = time.monotonic() - began
        await child.kill()
        log = whole_log(database_of(child.home), "agent")
        wrong = {name: problems(log, each.sessions, latest=name == "LATEST") for name, each in watchers.items()}
        report(log, watchers, written, caught_up, kills)
        print(f"compacted up to revision {compacted_up_to(database_of(child.home))}")
        for mode, found in wrong.items():
            print(f"{mode}: {found or 'nothing lost, nothing twice'}")
        if len(log) < changes:
            print(f"only {len(log)} of {changes} changes were written: give it more time")
        return int(any(wrong.values()) or len(log) < changes)


def newest_of(home: Path) -> tuple[int]:
    """The newest revision in the database."""
    import sqlite3  # noqa: PLC0415 - a benchmark may look into the file

    with contextlib.closing(sqlite3.connect(database_of(home))) as database:
        found: tuple[int] = database.execute("SELECT revision FROM revision_counter").fetchone()
        return found


def report(log: list[Logged], watchers: dict[str, Watcher], written: float, caught_up: float, kills: int) -> None:
    """Figures of the run."""
    print(f"changes {len(log)} in {log[-1].revision} transactions, {kills} kills, {written:.0f} s written, ", end="")
    print(f"{caught_up:.0f} s until every watcher had all ({len(log) / written:.0f} changes/s)")
    for mode, watcher in watchers.items():
        told = sum(1 for session in watcher.sessions for item in session.told if item.type in {3, 4, 5})
        coalesced = sum(item.coalesced for session in watcher.sessions for item in session.told)
        anew = sum(session.compacted for session in watcher.sessions)
        broken = sum(session.error is not None for session in watcher.sessions) - anew
        print(f"{mode}: {len(watcher.sessions)} sessions, {broken} broken, {anew} ended as compacted and ", end="")
        print(f"started anew, {told} told, {coalesced} coalesced")
    print(f"memory of this process at most {limits.getrusage(limits.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(serve(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
    else:
        given = [float(item) for item in sys.argv[1:]]
        number, at_most, times = (*given, *(1_000_000, 1800, 5)[len(given) :])
        sys.exit(asyncio.run(main(int(number), at_most, int(times))))
