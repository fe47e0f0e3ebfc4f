"""The sink: coalesced, one report at a time, repeated until it arrives, with numbers that only grow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from stigmer_agent_runner.engine.protocol import (
    MessageStarted,
    SubAgentEvent,
    SubAgentStarted,
    TextDelta,
    ToolRequested,
)
from stigmer_agent_runner.errors import ExecutionGone
from stigmer_agent_runner.redaction import Redactor
from stigmer_agent_runner.status.reducer import StatusReducer
from stigmer_agent_runner.status.sink import RESTART_GAP, StatusSink
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import io_pb2, status_pb2
from stigmer_api.errors import ApiError, InvalidArgument, NotFound, Unavailable


class FakeClock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.time = 0.0
        self._passed = asyncio.Event()

    def now(self) -> str:
        """See Clock."""
        return f"2026-01-01T00:00:{self.time:06.3f}Z"

    def monotonic(self) -> float:
        """See Clock."""
        return self.time

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """See Clock."""
        until = self.time + seconds
        while not event.is_set() and self.time < until:
            tasks = [asyncio.create_task(event.wait()), asyncio.create_task(self._passed.wait())]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def pass_by(self, seconds: float) -> None:
        """Let time pass and everybody who waited for it run."""
        self.time += seconds
        self._passed.set()
        self._passed = asyncio.Event()
        await settle()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(30):
        await asyncio.sleep(0)


class Server:
    """Takes reports, slowly or not at all when told so."""

    def __init__(self) -> None:
        self.reports: list[io_pb2.AgentExecutionUpdateStatusInput] = []
        self.errors: list[ApiError] = []
        self.open = asyncio.Event()
        self.open.set()
        self.under_way = self.most_under_way = 0

    async def take(self, report: io_pb2.AgentExecutionUpdateStatusInput) -> None:
        """RPC updateStatus."""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self.open.wait()
            if self.errors:
                raise self.errors.pop(0)
            self.reports.append(report)
        finally:
            self.under_way -= 1


def _started(sequence: int = 0) -> StatusReducer:
    reducer = StatusReducer(status_pb2.AgentExecutionStatus(sequence=sequence))
    reducer.begin("q", "2026-01-01T00:00:00.000Z")
    return reducer


@asynccontextmanager
async def sinking(
    server: Server, clock: FakeClock, sequence: int = 0, on_gone: Callable[[], None] = lambda: None
) -> AsyncIterator[StatusSink]:
    """A sink that has sent its first report."""
    async with StatusSink(_started(sequence), server.take, "aex-1", clock, on_gone) as sink:
        await settle()
        yield sink


async def test_many_events_become_ten_reports_a_second() -> None:
    server, clock = Server(), FakeClock()
    async with sinking(server, clock) as sink:
        sink.emit(MessageStarted(0, "m"))
        for _ in range(100):
            sink.emit(TextDelta(0, "x"))
            await clock.pass_by(0.01)
        assert await sink.flush(1)

    assert 10 <= len(server.reports) <= 12
    assert server.reports[-1].status.messages[0].content == "x" * 100
    assert [message.id for message in server.reports[-1].status.messages] == ["turn-0"]


async def test_a_slow_server_never_holds_up_events_nor_gets_two_reports_at_once() -> None:
    server, clock = Server(), FakeClock()
    async with sinking(server, clock) as sink:
        server.open.clear()
        for _ in range(50):
            sink.emit(MessageStarted(0, "m"))
            await clock.pass_by(0.2)
        assert server.under_way == 1
        server.open.set()
        assert await sink.flush(1)

    assert server.most_under_way == 1
    assert len(server.reports) == 3


async def test_a_flush_does_not_wait_for_the_interval() -> None:
    server, clock = Server(), FakeClock()
    async with sinking(server, clock) as sink:
        sink.emit(MessageStarted(0, "m"))

        assert await sink.flush(1)

    assert clock.time == 0.0
    assert len(server.reports) == 2


async def test_a_flush_gives_up_in_time_when_the_server_is_away() -> None:
    server, clock = Server(), FakeClock()
    server.open.clear()
    async with sinking(server, clock) as sink:
        flushing = asyncio.create_task(sink.flush(30))
        await settle()
        await clock.pass_by(31)

        assert await flushing is False


async def test_a_lost_report_is_repaired_by_the_next_with_a_higher_number() -> None:
    server, clock = Server(), FakeClock()
    server.errors = [Unavailable("away"), Unavailable("away")]
    async with sinking(server, clock) as sink:
        sink.emit(MessageStarted(0, "m"))
        for _ in range(10):
            await clock.pass_by(0.5)
        assert await sink.flush(1)

    [report] = server.reports
    assert [message.id for message in report.status.messages] == ["user", "turn-0"]
    assert report.sequence == 3


async def test_numbers_go_on_after_a_restart() -> None:
    server, clock = Server(), FakeClock()
    async with sinking(server, clock, sequence=7) as sink:
        sink.emit(MessageStarted(0, "m"))
        assert await sink.flush(1)

    assert [report.sequence for report in server.reports] == [7 + RESTART_GAP + 1, 7 + RESTART_GAP + 2]


async def test_a_deleted_execution_stops_the_run() -> None:
    server, clock = Server(), FakeClock()
    server.errors = [NotFound("deleted")]
    gone: list[bool] = []
    async with sinking(server, clock, on_gone=lambda: gone.append(True)) as sink:
        with pytest.raises(ExecutionGone, match="takes no more reports: deleted"):
            await sink.flush(1)

    assert gone == [True]


async def test_a_report_that_the_server_finds_wrong_is_a_defect_and_is_not_repeated() -> None:
    server, clock = Server(), FakeClock()
    server.errors = [InvalidArgument("bad")]
    async with sinking(server, clock) as sink:
        sink.emit(MessageStarted(0, "m"))
        with pytest.raises(InvalidArgument):
            await sink.flush(1)

    assert server.reports == []


async def test_large_statuses_are_sent_less_often() -> None:
    server, clock = Server(), FakeClock()
    async with sinking(server, clock) as sink:
        sink.emit(MessageStarted(0, "m"))
        for _ in range(50):
            sink.emit(TextDelta(0, "x" * 50_000))
            await clock.pass_by(0.1)

    assert sum(report.ByteSize() for report in server.reports) < 5 * 1024 * 1024


async def test_a_secret_in_a_stream_never_shows_not_even_its_beginning() -> None:
    server, clock = Server(), FakeClock()
    async with sinking(server, clock) as sink:
        sink.redactor = Redactor({"TOKEN": "tok-123456789"})
        sink.emit(MessageStarted(0, "m"))
        sink.emit(ToolRequested(0, 0, "c1", "task", {}))
        sink.emit(SubAgentStarted("c1", "helper", "work", "work"))
        sink.emit(SubAgentEvent("c1", MessageStarted(0, "m")))
        for piece in ("The key is ", "to", "k-12345", "6789", ", keep it."):
            sink.emit(TextDelta(0, piece))
            sink.emit(SubAgentEvent("c1", TextDelta(0, piece)))
            await clock.pass_by(1)
        sink.emit(SubAgentEvent("c1", ToolRequested(0, 0, "c2", "write_file", {"content": "tok-123456789"})))
        await clock.pass_by(1)
    whole = "\n".join(str(report) for report in server.reports)
    assert "tok-" not in whole
    assert whole.count("The key is [secret:TOKEN], keep it.") >= 2
    assert 'string_value: "[secret:TOKEN]"' in whole
