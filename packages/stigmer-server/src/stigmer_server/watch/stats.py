"""What the streams do, in plain numbers. Whoever exports them reads; only the broker and its streams write."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Histogram", "StreamStats"]

LATENCY_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Histogram:
    """Counts by upper bound, in seconds. `counts` has one more than `bounds`: what is above all of them."""

    __slots__ = ("bounds", "count", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...] = LATENCY_BOUNDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.count = 0
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.count += 1
        self.sum += seconds


class StreamStats:
    """Counters of all streams of one server since it started. Read them on its event loop.

    subscribers: open streams by kind of stream ("subscribe", "events", "watch_all", "watch_latest"). delivered: states
    and changes written. coalesced: changes that a later one stood for. log_reads: batches read from the change log
    by readers that were behind. publish_latency: from the publication of a commit to its bytes at the transport of
    one reader, for readers that are not behind.
    """

    def __init__(self, lag: Callable[[], int] = lambda: 0) -> None:
        self.subscribers: dict[str, int] = {}
        self.delivered = 0
        self.coalesced = 0
        self.log_reads = 0
        self.publish_latency = Histogram()
        self._lag = lag

    @property
    def open_streams(self) -> int:
        """Open streams of every kind."""
        return sum(self.subscribers.values())

    @property
    def lag(self) -> int:
        """Revisions by which the slowest reader of many resources is behind."""
        return self._lag()

    @contextmanager
    def stream(self, kind: str) -> Iterator[None]:
        """Count a stream as open for as long as the block runs."""
        self.subscribers[kind] = self.subscribers.get(kind, 0) + 1
        try:
            yield
        finally:
            self.subscribers[kind] -= 1
