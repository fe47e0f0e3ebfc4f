"""getEventLog: every filter, alone and together, by page, also where most events are not wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server_testing import call, make_workflow, make_workflow_execution, report

from stigmer_api.errors import NotFound

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

EVENTS = 1500
"""More than the server reads at once."""


@pytest.fixture
async def run(client: AsyncClient) -> Any:
    """An execution with many events: tasks a, b and c in turn, each started, and every tenth failed."""
    execution = await make_workflow_execution(client, (await make_workflow(client)).metadata.id)
    events = [
        {
            "event_id": f"event-{number}",
            "event_type": "task_failed" if number % 10 == 0 else "task_started",
            "occurred_at": "2026-01-01T00:00:00Z",
            "task_name": "abc"[number % 3],
        }
        for number in range(1, EVENTS + 1)
    ]
    await report(client, execution, 1, phase="EXECUTION_IN_PROGRESS", events=events)
    return execution


async def log(client: AsyncClient, run: Any, **fields: Any) -> Any:
    """One page of the event log."""
    return await call(client, "workflow_execution", "getEventLog", execution_id=run.metadata.id, **fields)


async def walk(client: AsyncClient, run: Any, **fields: Any) -> list[int]:
    """The sequence numbers of all pages."""
    seen: list[int] = []
    while True:
        page = await log(client, run, after_sequence=seen[-1] if seen else 0, **fields)
        assert page.latest_sequence == EVENTS
        seen += [event.sequence_number for event in page.events]
        if not page.has_more:
            return seen


async def test_the_whole_log_is_read_by_pages_without_gap(client: AsyncClient, run: Any) -> None:
    assert await walk(client, run, page_size=700) == list(range(1, EVENTS + 1))
    assert len((await log(client, run)).events) == 100
    assert len((await log(client, run, page_size=-3)).events) == 100
    assert len((await log(client, run, page_size=5000)).events) == 1000


async def test_types_and_tasks_narrow_the_log_together(client: AsyncClient, run: Any) -> None:
    failed = [number for number in range(1, EVENTS + 1) if number % 10 == 0]
    assert await walk(client, run, event_types=["task_failed"], page_size=7) == failed
    of_b = [number for number in failed if number % 3 == 1]
    assert await walk(client, run, event_types=["task_failed"], task_name="b", page_size=7) == of_b
    both = await walk(client, run, event_types=["task_failed", "task_started"], page_size=1000)
    assert both == list(range(1, EVENTS + 1))
    assert await walk(client, run, event_types=["execution_failed"]) == []
    assert await walk(client, run, task_name="nobody") == []


async def test_there_is_more_exactly_when_there_is(client: AsyncClient, run: Any) -> None:
    failed = EVENTS // 10
    assert not (await log(client, run, event_types=["task_failed"], page_size=failed)).has_more
    assert (await log(client, run, event_types=["task_failed"], page_size=failed - 1)).has_more
    end = await log(client, run, after_sequence=EVENTS)
    assert (len(end.events), end.has_more, end.latest_sequence) == (0, False, EVENTS)


async def test_an_execution_without_events_has_an_empty_log_and_one_that_is_not_there_has_none(
    client: AsyncClient,
) -> None:
    execution = await make_workflow_execution(client, (await make_workflow(client)).metadata.id)
    page = await log(client, execution)
    assert (len(page.events), page.has_more, page.latest_sequence) == (0, False, 0)
    with pytest.raises(NotFound):
        await call(client, "workflow_execution", "getEventLog", execution_id="wex-1")
