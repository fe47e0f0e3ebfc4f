"""Every figure that Prometheus may collect, in a registry of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

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
        self._calls = Counter(
            "stigmer_rpc_calls", "Calls that ended, streams too.", ("method", "code"), registry=self.registry
        )
        self._seconds = Histogram(
            "stigmer_rpc_seconds",
            "Seconds that a unary call took.",
            ("method", "code"),
            buckets=_CALL_SECONDS,
            registry=self.registry,
        )
        self._children: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
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
        calls, durations = self._children.get((method, code)) or self._child(method, code)
        calls.inc()
        if not stream:
            durations.observe(seconds)

    def _child(self, method: str, code: str) -> tuple[Counter, Histogram]:
        """The figures of one method and code, remembered: looking them up costs more than counting."""
        found = self._calls.labels(method, code), self._seconds.labels(method, code)
        self._children[method, code] = found
        return found

    async def render(self) -> bytes:
        """The text format, now. Raises StoreError."""
        self._revision.set(await self._repository.revision())
        self._outbox.set(len(await self._repository.due_outbox(_MOST_OUTBOX, datetime.now(UTC) + _FAR)))
        return generate_latest(self.registry)


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
    latency, total = stats.publish_latency, 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip((*latency.bounds, "+Inf"), latency.counts, strict=True):
        total += count
        buckets.append((str(bound), total))
    text = "Seconds from the publication of a commit to its bytes at the transport of one reader."
    return HistogramMetricFamily("stigmer_streams_publish_seconds", text, buckets=buckets, sum_value=latency.sum)
