"""Schedules as resources: what is checked, what a run leaves behind, when failures pause."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import call, make_agent, report, request, resource

from stigmer_api._pb.ai.stigmer.agentic.schedule.v1.enum_pb2 import ScheduleRunOutcome
from stigmer_api.errors import FailedPrecondition, InvalidArgument, NotFound
from stigmer_server.schedules import runs

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App

SPEC = {
    "cron": "0 9 * * mon-fri",
    "time_zone": "Europe/Berlin",
    "enabled": True,
    "agent": {"agent_ref": {"slug": "greeter"}, "message": "good morning"},
}
COMPLETED, FAILED, CANCELLED = 3, 4, 5
"""Phases of agent executions."""


def outcome(name: str) -> int:
    """The number of an outcome."""
    return int(ScheduleRunOutcome.Value(f"SCHEDULE_RUN_OUTCOME_{name}"))


async def make_schedule(client: AsyncClient, name: str = "morning", **spec: Any) -> Any:
    """A stored schedule of the agent `greeter`."""
    return await client.call("schedule", "create", resource("schedule", name, {**SPEC, **spec}))


async def stored(client: AsyncClient, schedule: Any) -> Any:
    """The schedule as it is now."""
    return await call(client, "schedule", "get", value=schedule.metadata.id)


async def fire(client: AsyncClient, schedule: Any, minutes_ago: float = 0) -> Any:
    """What Temporal's firing asks for."""
    asked = request("schedule", "trigger", value=schedule.metadata.id)
    asked.nominal_fire_time.FromDatetime(datetime.now(UTC) - timedelta(minutes=minutes_ago))
    asked.nominal_fire_time.nanos = 0
    return await client.call("schedule", "trigger", asked)


async def executions(client: AsyncClient) -> list[Any]:
    """Every agent execution."""
    return list((await call(client, "agent_execution", "list", page_size=1000)).entries)


async def end(client: AsyncClient, execution_id: str, phase: str, **fields: Any) -> None:
    """Report the end of an execution."""
    execution = await call(client, "agent_execution", "get", value=execution_id)
    await report(client, execution, 1, phase=phase, **fields)


async def list_runs(client: AsyncClient, schedule: Any, **page: int) -> Any:
    """The runs of a schedule."""
    return await call(client, "schedule", "listRuns", schedule_id=schedule.metadata.id, page_info=page)


async def test_a_new_schedule_says_when_it_fires_next(client: AsyncClient) -> None:
    await make_agent(client)
    schedule = await make_schedule(client, cron="* * * * *")
    following = schedule.status.next_fire_at.ToDatetime(tzinfo=UTC)
    assert timedelta(0) < following - schedule.status.audit.spec_audit.created_at.ToDatetime(tzinfo=UTC)
    assert (following.second, following.microsecond) == (0, 0)
    off = await make_schedule(client, "off", enabled=False)
    assert not off.status.HasField("next_fire_at")


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({"cron": "0 9 * * * *"}, "spec.cron", "seconds and years are not supported"),
        ({"cron": "@daily"}, "spec.cron", "write '0 0 * * *'"),
        ({"cron": "0 9 31 2 *"}, "spec.cron", "never fires"),
        ({"cron": "0," * 200 + "0 9 * * *"}, "spec.cron", "more than 256 characters"),
        ({"cron": ""}, "spec.cron", ""),
        ({"time_zone": "Berlin"}, "spec.time_zone", "not a time zone"),
        ({"time_zone": ""}, "spec.time_zone", ""),
        ({"agent": None}, "spec.agent", "is required"),
        ({"agent": {"agent_ref": {"slug": "greeter"}, "message": ""}}, "spec.agent.message", ""),
    ],
)
async def test_a_wrong_schedule_is_refused_by_field(
    client: AsyncClient, spec: dict[str, Any], field: str, words: str
) -> None:
    await make_agent(client)
    with pytest.raises(InvalidArgument) as raised:
        await make_schedule(client, **spec)
    (found,) = raised.value.violations
    assert found.field == field
    assert words in found.description


async def test_a_schedule_of_an_agent_that_does_not_exist_is_refused(client: AsyncClient) -> None:
    with pytest.raises(NotFound) as raised:
        await make_schedule(client)
    assert raised.value.violations[0].field == "spec.agent.agent_ref"


async def test_a_firing_makes_one_execution_however_often_it_is_delivered(client: AsyncClient) -> None:
    agent = await make_agent(client)
    schedule = await make_schedule(client)
    answers = await asyncio.gather(*(fire(client, schedule, 5) for _ in range(8)), fire(client, schedule, 5))
    assert len({answer.execution_id for answer in answers}) == 1
    assert {answer.outcome for answer in answers} == {outcome("STARTED")}
    (execution,) = await executions(client)
    assert execution.metadata.id == answers[0].execution_id
    assert execution.metadata.labels["stigmer.ai/schedule"] == schedule.metadata.id
    assert (execution.spec.agent_id, execution.spec.message) == (agent.metadata.id, "good morning")
    (run,) = (await list_runs(client, schedule)).items
    assert (run.outcome, run.execution_id) == (outcome("STARTED"), execution.metadata.id)
    now = await stored(client, schedule)
    assert now.status.last_execution_id == execution.metadata.id
    assert now.status.last_fire_at == run.nominal_fire_time


async def test_the_end_of_an_execution_ends_its_run(client: AsyncClient) -> None:
    await make_agent(client)
    schedule = await make_schedule(client)
    first = await fire(client, schedule, 5)
    await end(client, first.execution_id, "EXECUTION_COMPLETED")
    second = await fire(client, schedule, 4)
    await end(client, second.execution_id, "EXECUTION_FAILED", error="no more tea")
    latest, oldest = (await list_runs(client, schedule)).items
    assert (oldest.outcome, oldest.reason) == (outcome("COMPLETED"), "")
    assert (latest.outcome, latest.reason) == (outcome("FAILED"), "no more tea")
    assert latest.completed_at.ToDatetime() >= latest.recorded_at.ToDatetime()
    assert (await stored(client, schedule)).status.consecutive_failures == 1
    third = await fire(client, schedule, 3)
    await end(client, third.execution_id, "EXECUTION_COMPLETED")
    assert (await stored(client, schedule)).status.consecutive_failures == 0


async def test_a_time_that_comes_while_the_last_run_goes_on_is_skipped_and_recorded(client: AsyncClient) -> None:
    await make_agent(client)
    schedule = await make_schedule(client)
    first = await fire(client, schedule, 5)
    second = await fire(client, schedule, 4)
    assert (second.outcome, second.execution_id) == (outcome("SKIPPED"), "")
    assert f"{first.execution_id}, the last run, has not ended" in second.refusal_reason
    assert [run.outcome for run in (await list_runs(client, schedule)).items] == [
        outcome("SKIPPED"),
        outcome("STARTED"),
    ]


async def test_a_time_that_comes_while_the_schedule_is_disabled_or_long_past_is_skipped(client: AsyncClient) -> None:
    await make_agent(client)
    schedule = await make_schedule(client)
    late = await fire(client, schedule, 61)
    assert (late.outcome, late.refusal_reason) == (outcome("SKIPPED"), "its time was more than 1 h ago")
    await client.call("schedule", "apply", resource("schedule", "morning", {**SPEC, "enabled": False}))
    answer = await fire(client, schedule, 1)
    assert (answer.outcome, answer.refusal_reason) == (outcome("SKIPPED"), "the schedule is disabled")
    assert await executions(client) == []


async def test_a_run_by_hand_goes_beside_the_schedule(client: AsyncClient) -> None:
    await make_agent(client)
    schedule = await make_schedule(client, enabled=False)
    first = await call(client, "schedule", "trigger", value=schedule.metadata.id, request_id="mine")
    again = await call(client, "schedule", "trigger", value=schedule.metadata.id, request_id="mine")
    other = await call(client, "schedule", "trigger", value=schedule.metadata.id)
    assert first.execution_id == again.execution_id != other.execution_id
    assert len(await executions(client)) == 2
    (latest, _) = (await list_runs(client, schedule)).items
    assert latest.reason == "started by hand; the schedule itself is disabled"
    await end(client, other.execution_id, "EXECUTION_FAILED", error="broken")
    assert (await stored(client, schedule)).status.consecutive_failures == 0, "only its own runs count"


async def test_five_failures_in_a_row_pause_a_schedule_until_it_is_resumed(client: AsyncClient) -> None:
    await make_agent(client)
    schedule = await make_schedule(client)
    for number in range(5):
        started = await fire(client, schedule, 30 - number)
        await end(client, started.execution_id, "EXECUTION_FAILED", error="no more tea")
    paused = await stored(client, schedule)
    assert paused.status.paused_reason == "5 runs in a row failed; the last one: no more tea"
    assert not paused.status.HasField("next_fire_at")
    assert (await fire(client, schedule, 1)).refusal_reason == "the schedule is paused"
    resumed = await call(client, "schedule", "resume", value=schedule.metadata.id)
    assert (resumed.status.paused_reason, resumed.status.consecutive_failures) == ("", 0)
    assert resumed.status.HasField("next_fire_at")
    assert await call(client, "schedule", "resume", value=schedule.metadata.id) == resumed
    assert (await fire(client, schedule)).outcome == outcome("STARTED")


async def test_a_cancelled_run_is_no_failure_of_the_schedule(client: AsyncClient) -> None:
    await make_agent(client)
    schedule = await make_schedule(client)
    started = await fire(client, schedule)
    await call(client, "agent_execution", "terminate", id=started.execution_id)
    (run,) = (await list_runs(client, schedule)).items
    assert (run.outcome, run.reason) == (outcome("FAILED"), "terminated by request")
    assert (await stored(client, schedule)).status.consecutive_failures == 0


async def test_a_missing_agent_is_recorded_and_counts_as_failure(app: App, client: AsyncClient) -> None:
    agent = await make_agent(client)
    schedule = await make_schedule(client)
    await app.repository.write(lambda tx: tx.delete("agent", agent.metadata.id))  # no API does that to a schedule
    answer = await fire(client, schedule)
    assert answer.outcome == outcome("TARGET_MISSING")
    assert answer.refusal_reason == "agent 'greeter' does not exist (any more)"
    assert (await stored(client, schedule)).status.consecutive_failures == 1
    assert (await call(client, "schedule", "trigger", value=schedule.metadata.id)).outcome == outcome("TARGET_MISSING")


async def test_an_execution_that_the_server_refuses_is_recorded_and_leaves_nothing(client: AsyncClient) -> None:
    await make_agent(client)
    await client.call("environment", "create", resource("environment", "kitchen", {"data": {"TEA": {"value": "x"}}}))
    invocation = {**SPEC["agent"], "environment_refs": [{"slug": "kitchen"}]}  # type: ignore[dict-item]
    schedule = await make_schedule(client, agent=invocation)
    environment = await call(client, "environment", "getByReference", org="local", slug="kitchen")
    await call(client, "environment", "delete", resource_id=environment.metadata.id)
    answer = await fire(client, schedule)
    assert answer.outcome == outcome("REFUSED")
    assert "kitchen" in answer.refusal_reason
    assert await executions(client) == []
    assert not (await call(client, "session", "list")).entries


async def test_the_environments_of_a_schedule_come_by_an_instance_of_its_own(client: AsyncClient) -> None:
    agent = await make_agent(client)
    for name in ("kitchen", "garden"):
        await client.call("environment", "create", resource("environment", name, {"data": {"TEA": {"value": "x"}}}))
    invocation = {**SPEC["agent"], "environment_refs": [{"slug": "kitchen"}]}  # type: ignore[dict-item]
    schedule = await make_schedule(client, agent=invocation)
    first = await fire(client, schedule, 5)
    await end(client, first.execution_id, "EXECUTION_COMPLETED")
    invocation["environment_refs"] = [{"slug": "garden"}]
    await client.call("schedule", "apply", resource("schedule", "morning", {**SPEC, "agent": invocation}))
    second = await fire(client, schedule, 4)
    found = []
    for answer in (first, second):
        execution = await call(client, "agent_execution", "get", value=answer.execution_id)
        session = await call(client, "session", "get", value=execution.spec.session_id)
        found.append(await call(client, "agent_instance", "get", value=session.spec.agent_instance_id))
    assert found[0] == found[1]
    assert found[0].spec.agent_id == agent.metadata.id != ""
    assert [reference.slug for reference in found[0].spec.environment_refs] == ["garden"]


async def test_runs_are_listed_by_page_the_latest_first_and_go_with_their_schedule(
    app: App, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "KEPT", 4)
    await make_agent(client)
    schedule = await make_schedule(client)
    for number in range(6):
        started = await fire(client, schedule, 30 - number)
        await end(client, started.execution_id, "EXECUTION_COMPLETED")
    everything = await list_runs(client, schedule)
    assert everything.total_count == 4, "the oldest are forgotten"
    times = [run.nominal_fire_time.seconds for run in everything.items]
    assert times == sorted(times, reverse=True)
    pages = [await list_runs(client, schedule, num=number, size=3) for number in (1, 2, 3)]
    assert [len(page.items) for page in pages] == [3, 1, 0]
    assert [run for page in pages for run in page.items] == list(everything.items)
    with pytest.raises(InvalidArgument):
        await list_runs(client, schedule, size=-1)
    await call(client, "schedule", "delete", value=schedule.metadata.id)
    assert (await runs.list_runs(app.repository, schedule.metadata.id, number=1, size=10)).total_count == 0
    with pytest.raises(NotFound):
        await list_runs(client, schedule)
    with pytest.raises(NotFound):
        await fire(client, schedule)


async def test_enabling_a_paused_schedule_again_forgets_its_failures(app: App, client: AsyncClient) -> None:
    agent = await make_agent(client)
    schedule = await make_schedule(client)
    await app.repository.write(lambda tx: tx.delete("agent", agent.metadata.id))  # no API does that to a schedule
    for number in range(5):
        await fire(client, schedule, 30 - number)
    assert (await stored(client, schedule)).status.paused_reason
    off = await client.call("schedule", "apply", resource("schedule", "morning", {**SPEC, "enabled": False}))
    assert off.status.paused_reason
    with pytest.raises(FailedPrecondition, match="disabled"):
        await call(client, "schedule", "resume", value=schedule.metadata.id)
    on = await client.call("schedule", "apply", resource("schedule", "morning", SPEC))
    assert (on.status.paused_reason, on.status.consecutive_failures) == ("", 0)
    assert on.status.HasField("next_fire_at")


async def test_applying_the_same_schedule_again_changes_nothing(client: AsyncClient) -> None:
    await make_agent(client)
    first = await client.call("schedule", "apply", resource("schedule", "morning", SPEC))
    assert await client.call("schedule", "apply", resource("schedule", "morning", SPEC)) == first


async def test_schedules_are_found_by_agent_and_by_org(client: AsyncClient) -> None:
    agent = await make_agent(client)
    other = await make_agent(client, "other")
    schedule = await make_schedule(client)
    found = await call(client, "schedule", "getByAgent", agent_id=agent.metadata.id, org="local")
    assert (found.total_count, [item.metadata.id for item in found.items]) == (1, [schedule.metadata.id])
    assert (await call(client, "schedule", "getByAgent", agent_id=other.metadata.id)).total_count == 0
    assert (await call(client, "schedule", "list", org="local")).total_count == 1
    assert (await call(client, "schedule", "list", org="elsewhere")).total_count == 0


@pytest.mark.parametrize(("seconds", "nanos"), [(0, 5), (-1, 0), (2**62, 0), (253402300799, 0)])
async def test_a_nominal_time_that_has_not_come_is_refused(client: AsyncClient, seconds: int, nanos: int) -> None:
    await make_agent(client)
    schedule = await make_schedule(client)
    asked = request("schedule", "trigger", value=schedule.metadata.id)
    asked.nominal_fire_time.seconds, asked.nominal_fire_time.nanos = seconds, nanos
    with pytest.raises(InvalidArgument, match="nominal_fire_time"):
        await client.call("schedule", "trigger", asked)
