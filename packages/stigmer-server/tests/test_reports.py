"""Summaries and usage reports: what is stored is counted once, in the asked window, and nothing is made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import (
    call,
    make_agent,
    make_agent_execution,
    make_workflow,
    make_workflow_execution,
    report,
    resource,
)

from stigmer_api.errors import InvalidArgument, NotFound
from stigmer_server.reports import reading

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App
    from stigmer_store import Transaction

PENDING, RUNNING, COMPLETED, FAILED = 1, 2, 3, 4
"""Phases."""


def message(number: int, model: str, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """A message as the agent runner reports it."""
    usage = {
        "input_tokens": tokens_in,
        "output_tokens": tokens_out,
        "cache_read_tokens": 1,
        "cache_write_tokens": 2,
    }
    return {"id": f"turn-{number}", "type": "MESSAGE_AI", "metadata": {"model": model, "usage": usage}}


async def end(client: AsyncClient, run: Any, phase: str = "EXECUTION_COMPLETED", **fields: Any) -> None:
    """End an execution that took ten seconds."""
    times = {"started_at": "2026-01-01T00:00:00Z", "completed_at": "2026-01-01T00:00:10Z"}
    await report(client, run, 1, phase=phase, **{**times, **fields})


async def age(app: App, kind: str, execution: Any, **ago: float) -> None:
    """Make an execution older than it is."""

    def work(tx: Transaction) -> None:
        record = tx.require(kind, execution.metadata.id)
        created = datetime.now(UTC) - timedelta(**ago)
        tx.put(replace(record, created_at=created, revision=tx.revision()))

    await app.repository.write(work)


async def test_a_workflow_summary_counts_phases_failures_durations_and_cost(client: AsyncClient) -> None:
    good, bad = await make_workflow(client, "good"), await make_workflow(client, "bad")
    for micros in (1_500_000, 500_000):
        run = await make_workflow_execution(client, good.metadata.id)
        await end(client, run, total_cost_micros=micros, total_input_tokens=10, total_output_tokens=5)
    for _ in range(2):
        await end(client, await make_workflow_execution(client, bad.metadata.id), "EXECUTION_FAILED", error="no")
    await make_workflow_execution(client, bad.metadata.id)
    found = await call(client, "workflow_execution", "getExecutionSummary", org="local")
    assert (found.total_count, found.active_count, found.success_rate) == (5, 1, 0.5)
    assert dict(found.phase_counts) == {PENDING: 1, COMPLETED: 2, FAILED: 2}
    assert found.avg_duration.ToTimedelta() == timedelta(seconds=10)
    assert found.total_cost.total_cost_usd == 2.0
    assert (found.total_cost.total_input_tokens, found.total_cost.total_output_tokens) == (20, 10)
    (rank,) = found.top_failing_workflows
    assert (rank.workflow_slug, rank.workflow_name, rank.failure_count) == ("bad", "bad", 2)
    costs = [(cost.workflow_slug, cost.total_cost_usd, cost.execution_count) for cost in found.cost_by_workflow]
    assert costs == [("good", 2.0, 2), ("bad", 0.0, 3)]
    for wanted in (good.metadata.id, "good"):
        only = await call(client, "workflow_execution", "getExecutionSummary", org="local", workflow_id=wanted)
        assert (only.total_count, only.success_rate) == (2, 1.0)
    empty = await call(client, "workflow_execution", "getExecutionSummary", org="elsewhere")
    assert (empty.total_count, empty.success_rate, empty.HasField("avg_duration")) == (0, 0.0, False)


async def test_a_summary_looks_at_its_window_only(
    app: App, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PAGE", 2)
    flow = await make_workflow(client)
    for hours in (0, 23, 25, 24 * 6, 24 * 8, 24 * 40):
        await age(app, "workflow_execution", await make_workflow_execution(client, flow.metadata.id), hours=hours)
    counts = {}
    for window in ("UNSPECIFIED", "LAST_24H", "LAST_7D", "LAST_30D", "ALL_TIME"):
        name = f"SUMMARY_TIME_WINDOW_{window}"
        found = await call(client, "workflow_execution", "getExecutionSummary", org="local", time_window=name)
        counts[window] = found.total_count
    assert counts == {"UNSPECIFIED": 6, "LAST_24H": 2, "LAST_7D": 4, "LAST_30D": 5, "ALL_TIME": 6}


async def test_a_summary_of_a_deleted_workflow_goes_by_its_id(client: AsyncClient) -> None:
    flow = await make_workflow(client)
    await end(client, await make_workflow_execution(client, flow.metadata.id), "EXECUTION_FAILED", error="no")
    await call(client, "workflow", "delete", value=flow.metadata.id)
    found = await call(client, "workflow_execution", "getExecutionSummary", org="local", workflow_id=flow.metadata.id)
    assert found.top_failing_workflows[0].workflow_slug == flow.metadata.id


@pytest.mark.parametrize("kind", ["agent_execution", "workflow_execution"])
async def test_a_summary_asked_wrongly_says_which_field(client: AsyncClient, kind: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        await call(client, kind, "getExecutionSummary", org="local", time_window=99)
    assert raised.value.violations[0].field == "time_window"
    with pytest.raises(InvalidArgument) as raised:
        await call(client, kind, "getExecutionSummary")
    assert raised.value.violations[0].field == "org"


async def test_a_summary_of_a_workflow_that_never_was_is_not_found(client: AsyncClient) -> None:
    await make_workflow(client, "hello")
    with pytest.raises(NotFound, match="did you mean hello"):
        await call(client, "workflow_execution", "getExecutionSummary", org="local", workflow_id="helo")


async def test_an_agent_summary_ranks_the_agents_that_fail(client: AsyncClient) -> None:
    good, bad = await make_agent(client, "good"), await make_agent(client, "bad")
    await end(client, await make_agent_execution(client, good.metadata.id))
    for _ in range(3):
        await end(client, await make_agent_execution(client, bad.metadata.id), "EXECUTION_FAILED", error="no")
    await make_agent_execution(client, good.metadata.id)
    found = await call(client, "agent_execution", "getExecutionSummary", org="local")
    assert (found.active_count, dict(found.phase_counts)) == (1, {PENDING: 1, COMPLETED: 1, FAILED: 3})
    assert [(rank.agent_slug, rank.failure_count) for rank in found.top_failing_agents] == [("bad", 3)]
    assert found.avg_duration.seconds == 10


async def test_the_usage_of_an_execution_is_told_by_model(client: AsyncClient) -> None:
    agent = await make_agent(client)
    run = await make_agent_execution(client, agent.metadata.id)
    messages = [
        message(0, "openai:big", 300, 0),
        message(1, "openai:small", 60, 40),
        message(2, "openai:big", 500, 100),
        {"id": "user", "type": "MESSAGE_HUMAN", "content": "hello"},
    ]
    await end(client, run, messages=messages, streaming_usage={"estimated_cost_usd": 0.5, "input_tokens": 7})
    found = await call(client, "agent_execution", "getExecutionUsageReport", execution_id=run.metadata.id)
    total = found.aggregate
    assert (total.input_tokens, total.output_tokens, total.total_tokens) == (860, 140, 1000)
    assert (total.cache_read_input_tokens, total.cache_creation_input_tokens, total.llm_call_count) == (3, 6, 3)
    assert (total.billable_cost_micros, total.primary_model, total.primary_provider) == (500_000, "big", "openai")
    models = [(item.model, item.call_count, item.billable_cost_micros) for item in found.model_breakdown]
    assert models == [("big", 2, 450_000), ("small", 1, 50_000)]


async def test_an_execution_without_messages_is_told_by_the_runners_sum(client: AsyncClient) -> None:
    agent = await make_agent(client)
    run = await make_agent_execution(client, agent.metadata.id)
    usage = {"input_tokens": 5, "output_tokens": 6, "total_tokens": 11, "turn_count": 2, "model": "ollama:qwen3"}
    await end(client, run, streaming_usage=usage)
    found = await call(client, "agent_execution", "getExecutionUsageReport", execution_id=run.metadata.id)
    assert (found.aggregate.total_tokens, found.aggregate.llm_call_count) == (11, 2)
    assert [(item.provider, item.model) for item in found.model_breakdown] == [("ollama", "qwen3")]
    unused = await make_agent_execution(client, agent.metadata.id)
    nothing = await call(client, "agent_execution", "getExecutionUsageReport", execution_id=unused.metadata.id)
    assert (nothing.aggregate.total_tokens, len(nothing.model_breakdown)) == (0, 0)


async def test_hostile_usage_counts_nothing_and_breaks_nothing(client: AsyncClient) -> None:
    agent = await make_agent(client)
    for _ in range(3):
        run = await make_agent_execution(client, agent.metadata.id)
        wrong = {"id": "turn-0", "type": "MESSAGE_AI", "metadata": {"model": 7, "usage": {"input_tokens": "many"}}}
        huge = {"id": "turn-1", "type": "MESSAGE_AI", "metadata": {"usage": "none"}}
        usage = {"estimated_cost_usd": "NaN", "input_tokens": str(2**63 - 1), "turn_count": -5}
        await end(client, run, messages=[wrong, huge], streaming_usage=usage)
        times = {"started_at": "0001-01-01T00:00:00+14:00", "completed_at": "9999-12-31T23:59:59-14:00"}
        other = await make_agent_execution(client, agent.metadata.id)
        await end(client, other, streaming_usage={**usage, "estimated_cost_usd": "Infinity"}, **times)
    session = (await call(client, "agent_execution", "get", value=run.metadata.id)).spec.session_id
    found = await call(client, "agent_execution", "getSessionUsageReport", session_id=session)
    assert found.total_usage.total_tokens == 0
    all_of_it = await call(client, "agent_execution", "getAgentUsageReport", agent_id=agent.metadata.id, org_id="local")
    assert (all_of_it.total_executions, all_of_it.total_billable_cost_micros) == (6, 0)
    assert (await call(client, "agent_execution", "getExecutionSummary", org="local")).avg_duration.seconds > 0


async def test_the_usage_of_a_session_lists_its_executions_newest_first(client: AsyncClient) -> None:
    agent = await make_agent(client)
    first = await make_agent_execution(client, agent.metadata.id)
    await end(client, first, messages=[message(0, "scripted", 10, 5)])
    session = first.spec.session_id
    second = await client.call(
        "agent_execution", "create", resource("agent_execution", "run", {"session_id": session, "message": "again"})
    )
    await report(client, second, 1, phase="EXECUTION_IN_PROGRESS", messages=[message(0, "scripted", 1, 1)])
    found = await call(client, "agent_execution", "getSessionUsageReport", session_id=session)
    assert (found.session_id, found.execution_count, found.total_usage.total_tokens) == (session, 2, 17)
    assert [entry.execution_id for entry in found.executions] == [second.metadata.id, first.metadata.id]
    assert [entry.is_estimated for entry in found.executions] == [True, False]
    assert [entry.phase for entry in found.executions] == [RUNNING, COMPLETED]
    assert found.is_estimated
    assert found.first_execution_at <= found.last_execution_at
    assert found.model_breakdown[0].call_count == 2


async def test_the_usage_of_an_agent_pages_its_sessions_and_sums_all(
    app: App, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PAGE", 2)
    agent, other = await make_agent(client), await make_agent(client, "other")
    runs = [await make_agent_execution(client, agent.metadata.id) for _ in range(5)]
    for run in [*runs, await make_agent_execution(client, other.metadata.id)]:
        await end(client, run, messages=[message(0, "scripted", 10, 5)])
    await age(app, "agent_execution", runs[0], days=3)

    async def usage(**fields: Any) -> Any:
        asked = {"agent_id": agent.metadata.id, "org_id": "local", **fields}
        return await call(client, "agent_execution", "getAgentUsageReport", **asked)

    seen: list[str] = []
    token = ""
    for size in (2, 2, 1):
        page = await usage(page_size=2, page_token=token)
        assert (page.agent_name, page.total_sessions, page.total_executions) == ("greeter", 5, 5)
        assert page.total_usage.total_tokens == 75
        assert len(page.sessions) == size
        seen += [entry.session_id for entry in page.sessions]
        token = page.next_page_token
    assert token == ""
    assert seen == sorted((run.spec.session_id for run in runs), reverse=True)
    today = datetime.now(UTC).date()
    recent = await usage(from_date=str(today - timedelta(days=1)), to_date=str(today + timedelta(days=1)))
    assert recent.total_executions == 4
    old = await usage(agent_id="greeter", to_date=str(today - timedelta(days=2)))
    assert [entry.session_id for entry in old.sessions] == [runs[0].spec.session_id]
    assert (await usage(from_date="0001-01-01", to_date="9999-12-31")).total_executions == 5


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"from_date": "yesterday"}, "from_date"),
        ({"from_date": "2026-02-30"}, "from_date"),
        ({"to_date": "2026-01-01T00:00:00Z"}, "to_date"),
        ({"from_date": "2026-02-02", "to_date": "2026-02-01"}, "to_date"),
        ({"page_size": -1}, "page_size"),
        ({"org_id": "elsewhere"}, "agent_id"),
    ],
)
async def test_an_agent_report_asked_wrongly_says_which_field(
    client: AsyncClient, fields: dict[str, Any], field: str
) -> None:
    agent = await make_agent(client)
    asked = {"agent_id": agent.metadata.id, "org_id": "local", **fields}
    with pytest.raises(InvalidArgument) as raised:
        await call(client, "agent_execution", "getAgentUsageReport", **asked)
    assert raised.value.violations[0].field == field


async def test_reports_of_what_does_not_exist_are_not_found(client: AsyncClient) -> None:
    agent = await make_agent(client)
    with pytest.raises(InvalidArgument, match="page_token"):
        await call(
            client,
            "agent_execution",
            "getAgentUsageReport",
            agent_id=agent.metadata.id,
            org_id="local",
            page_token="no token",
        )
    for verb, fields in (
        ("getExecutionUsageReport", {"execution_id": "aex-1"}),
        ("getSessionUsageReport", {"session_id": "ses-1"}),
        ("getAgentUsageReport", {"agent_id": "nobody", "org_id": "local"}),
    ):
        with pytest.raises(NotFound):
            await call(client, "agent_execution", verb, **fields)


async def test_an_agent_that_is_gone_still_has_its_report(app: App, client: AsyncClient) -> None:
    agent = await make_agent(client)
    await end(client, await make_agent_execution(client, agent.metadata.id), messages=[message(0, "scripted", 3, 4)])
    await app.repository.write(lambda tx: tx.delete("agent", agent.metadata.id))
    found = await call(client, "agent_execution", "getAgentUsageReport", agent_id=agent.metadata.id, org_id="local")
    assert (found.agent_name, found.total_usage.total_tokens) == ("", 7)
