"""Reports beside history: together when they come together, in order, nothing twice, nothing lost while it lives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stigmer_api.errors import FailedPrecondition, Unavailable
from stigmer_workflow_runner.activities import beside
from stigmer_workflow_runner.activities.beside import Beside


class Server:
    """Takes reports; each waits for `gate` and fails with what `errors` has next."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.called = asyncio.Event()

    async def deliver(self, report: dict[str, Any]) -> None:
        self.called.set()
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(report)

    @property
    def numbers(self) -> list[int]:
        return [event["n"] for report in self.taken for event in report["events"]]


def report(*numbers: int, execution: str = "wex-1", ended: str = "") -> dict[str, Any]:
    """A report of changes with these numbers."""
    return {
        "execution_id": execution,
        "sequence": max(numbers),
        "completed_at": ended,
        "tasks": [{"n": number, "task_id": f"/do/{number}", "iterations": []} for number in numbers],
        "events": [{"n": number, "event_id": f"{execution}/{number}"} for number in numbers],
    }


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "PAUSE", 0.0)


async def until(probe: Any) -> None:
    async with asyncio.timeout(10):
        while not probe():  # noqa: ASYNC110 - what is probed belongs to the code under test
            await asyncio.sleep(0)


async def test_what_is_told_while_a_report_is_on_its_way_goes_together_in_the_next() -> None:
    server = Server()
    reports = Beside(server.deliver)
    server.gate.clear()
    reports.tell(report(1))
    await server.called.wait()
    reports.tell(report(2))
    reports.tell(report(3))
    await asyncio.sleep(0)
    server.gate.set()
    await until(lambda: len(server.taken) == 2)
    assert [sent["sequence"] for sent in server.taken] == [1, 3]
    assert server.numbers == [1, 2, 3]


async def test_a_server_that_is_away_gets_everything_when_it_is_back() -> None:
    server = Server()
    server.errors = [Unavailable("restarting"), Unavailable("restarting")]
    reports = Beside(server.deliver)
    reports.tell(report(1))
    reports.tell(report(2))
    await until(lambda: server.numbers == [1, 2])


async def test_a_report_that_is_refused_is_not_sent_again() -> None:
    server = Server()
    server.errors = [FailedPrecondition("the execution has ended")]
    reports = Beside(server.deliver)
    reports.tell(report(1))
    await until(lambda: not server.errors)
    reports.tell(report(1))
    reports.tell(report(2))
    await until(lambda: server.taken)
    assert server.numbers == [2]


async def test_a_report_of_history_leaves_out_what_was_told_and_replaces_what_waits() -> None:
    server = Server()
    reports = Beside(server.deliver)
    reports.tell(report(1, 2))
    await until(lambda: server.taken)
    server.gate.clear()
    server.called.clear()
    reports.tell(report(3))
    await server.called.wait()
    reports.tell(report(4))
    settling = asyncio.create_task(reports.settle(report(1, 2, 3, 4, 5)))
    await asyncio.sleep(0)
    server.gate.set()
    await settling
    assert [sent["sequence"] for sent in server.taken] == [2, 3, 5]
    assert server.numbers == [1, 2, 3, 4, 5]


async def test_the_first_report_of_a_run_that_is_over_already_is_sent_before_its_last() -> None:
    server = Server()
    reports = Beside(server.deliver)
    reports.tell(report(1))
    await asyncio.sleep(0)
    await reports.settle(report(1, 2, ended="2026"), last=True)
    assert server.numbers == [1, 2]
    assert len(server.taken) == 2


async def test_a_replay_tells_again_and_nothing_is_sent() -> None:
    server = Server()
    reports = Beside(server.deliver)
    reports.tell(report(1))
    await until(lambda: server.taken)
    reports.tell(report(1))
    reports.tell(report(2, execution="wex-2"))
    await until(lambda: len(server.taken) == 2)
    assert [sent["execution_id"] for sent in server.taken] == ["wex-1", "wex-2"]


async def test_a_run_that_replays_in_another_process_tells_everything_again() -> None:
    server = Server()
    reports = Beside(server.deliver)
    reports.tell(report(1, 2))
    reports.tell(report(3))
    await until(lambda: server.numbers == [1, 2, 3])


async def test_closing_delivers_what_waits() -> None:
    server = Server()
    reports = Beside(server.deliver)
    server.gate.clear()
    reports.tell(report(1))
    await server.called.wait()
    reports.tell(report(2))
    await asyncio.sleep(0)
    closing = asyncio.create_task(reports.close())
    await asyncio.sleep(0)
    server.gate.set()
    await closing
    assert server.numbers == [1, 2]


async def test_runs_that_are_over_or_idle_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "REMEMBERED", 3)
    server = Server()
    reports = Beside(server.deliver)
    for number in range(10):
        await reports.settle(report(1, execution=f"wex-{number}"))
    await reports.settle(report(2, execution="wex-9", ended="2026"), last=True)
    assert list(reports._runs) == ["wex-7", "wex-8"]
