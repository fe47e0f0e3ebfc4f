"""The writer thread goes where the event loop is."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stigmer_store import open_repository
from stigmer_store.following import UNKNOWN, Follower, processor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads choose their processor on Linux only")


def _places_of(processors: list[int]) -> list[tuple[set[int], int]]:
    """Where a thread may run, and runs, after it went to each of these."""
    follower, found = Follower(), []
    for wanted in processors:
        follower.go_to(wanted)
        found.append((os.sched_getaffinity(0), processor()))
    return found


def test_a_thread_goes_to_a_processor_and_leaves_the_others_where_they_are() -> None:
    allowed = sorted(os.sched_getaffinity(0))
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(_places_of, allowed).result(30)
    assert found == [({one}, one) for one in allowed]
    assert os.sched_getaffinity(0) == set(allowed)


def test_an_unknown_processor_and_one_that_is_not_there_change_nothing() -> None:
    allowed = os.sched_getaffinity(0)
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(_places_of, [UNKNOWN, 1023]).result(30)
    assert [places for places, _ in found] == [allowed, allowed]


async def test_the_writer_runs_where_the_event_loop_was_when_it_handed_over(tmp_path: Path) -> None:
    store = await asyncio.to_thread(open_repository, f"sqlite:///{tmp_path}/stigmer.db")
    allowed = os.sched_getaffinity(0)
    try:
        for one in sorted(allowed):
            os.sched_setaffinity(0, {one})
            await store.write(lambda tx: tx.enqueue("topic", "key", b""))
            [writer] = [thread for thread in threading.enumerate() if thread.name == "stigmer-store-writer"]
            assert os.sched_getaffinity(writer.native_id or 0) == {one}
    finally:
        os.sched_setaffinity(0, allowed)
        await store.close()
