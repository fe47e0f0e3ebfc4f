"""Every figure that Prometheus may collect, in a registry of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from stigmer_server.watch.stats import Histogram

if TYPE_CHECKING:
    from stigmer_server.operations.audit import AuditLog
    from stigmer_server.watch.stats import StreamStats
    from stigmer_store import Repository

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_CALL_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_MOST_OUTBOX = 1000
_FAR = timedelta(days=36500)


class Metrics:
    """The registry of one server. `render` reads what has to be asked for: the store and the streams."""

    def __init__(self, repository: Repository, streams: StreamStats, audit: AuditLog) -> None:
        self._repository = repository
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        self._calls = _Calls()
        self.registry.register(self._calls)
        self._revision = Gauge("stigmer_store_revision", "Revision of the store.", registry=self.registry)
        self._outbox = Gauge(
            "stigmer_outbox_items",
            f"Items that the dispatcher has yet to deliver, counted up to {_MOST_OUTBOX}.",
            registry=self.registry,
        )
        info = Gauge(
            "stigmer_server_info", "Always 1; its labels tell the version.", ("version",), registry=self.registry
        )
        info.labels(version("stigmer-server")).set(1)
        uptime = Gauge("stigmer_server_uptime_seconds", "Seconds since the server started.", registry=self.registry)
        started = time.monotonic()
        uptime.set_function(lambda: time.monotonic() - started)
        lost = Gauge("stigmer_audit_lines_lost", "Audit lines that could not be written.", registry=self.registry)
        lost.set_function(lambda: audit.lost)
        self.registry.register(_Streams(streams))

    def call_ended(self, method: str, code: str, seconds: float, *, stream: bool) -> None:
        """Count one call."""
        self._calls.count(method, code, None if stream else seconds)

    async def render(self) -> bytes:
        """The text format, now. Raises StoreError."""
        self._revision.set(await self._repository.revision())
        self._outbox.set(len(await self._repository.due_outbox(_MOST_OUTBOX, datetime.now(UTC) + _FAR)))
        return generate_latest(self.registry)


class _Calls(Collector):
    """Ended calls by method and code, in plain numbers: every call counts, and the library's metrics lock for each."""

    def __init__(self) -> None:
        self._unary: dict[tuple[str, str], Histogram] = {}
        self._streams: dict[tuple[str, str], int] = {}

    def count(self, method: str, code: str, seconds: float | None) -> None:
        """Count one call; `seconds` is None for a stream."""
        key = (method, code)
        if seconds is None:
            self._streams[key] = self._streams.get(key, 0) + 1
            return
        durations = self._unary.get(key)
        if durations is None:
            durations = self._unary[key] = Histogram(_CALL_SECONDS)
        durations.observe(seconds)

    def collect(self) -> Iterator[Metric]:
        """Calls of both sorts, and how long the unary ones took."""
        labels = ("method", "code")
        calls = CounterMetricFamily("stigmer_rpc_calls", "Calls that ended, streams too.", labels=labels)
        seconds = HistogramMetricFamily("stigmer_rpc_seconds", "Seconds that a unary call took.", labels=labels)
        for key, durations in self._unary.items():
            calls.add_metric(key, durations.count)
            seconds.add_metric(key, _buckets(durations), durations.sum)
        for key, count in self._streams.items():
            calls.add_metric(key, count)
        yield calls
        yield seconds


class _Streams(Collector):
    """The broker's own numbers, read when they are asked for."""

    def __init__(self, stats: StreamStats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        """Every figure of the streams."""
        stats = self._stats
        streams = GaugeMetricFamily("stigmer_streams", "Open streams.", labels=["stream"])
        for kind, count in stats.subscribers.items():
            streams.add_metric([kind], count)
        yield streams
        yield GaugeMetricFamily("stigmer_streams_lag", "Revisions by which the slowest reader is behind.", stats.lag)
        yield CounterMetricFamily("stigmer_streams_delivered", "States and changes written.", stats.delivered)
        yield CounterMetricFamily("stigmer_streams_coalesced", "Changes that a later one stood for.", stats.coalesced)
        yield CounterMetricFamily("stigmer_streams_log_reads", "Batches that readers read late.", stats.log_reads)
        yield _latency(stats)


def _latency(stats: StreamStats) -> Metric:
    text = "Seconds from the publication of a commit to its bytes at the transport of one reader."
    latency = stats.publish_latency
    return HistogramMetricFamily(
        "stigmer_streams_publish_seconds", text, buckets=_buckets(latency), sum_value=latency.sum
    )


def _buckets(found: Histogram) -> list[tuple[str, float]]:
    """As Prometheus wants them: each with all that is below it."""
    bounds = (*map(str, found.bounds), "+Inf")
    return list(zip(bounds, accumulate(map(float, found.counts)), strict=True))
