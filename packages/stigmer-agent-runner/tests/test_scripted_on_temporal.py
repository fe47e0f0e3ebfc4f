"""Scripted agents from the workflow's start to the reported end, on a real Temporal."""

from __future__ import annotations

import asyncio

import pytest
from agent_runner_testing.api import ApiServer
from agent_runner_testing.stack import Stack
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from stigmer_agent_runner.contracts import TIMING
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2
from stigmer_api.errors import Unavailable

NOTES = """
version: 1
cases:
  - on: {user_contains: hello}
    turns:
      - say: Let me note that.
        call: [{tool: write_file, args: {path: notes.txt, content: "Ada: {{user}}"}}]
      - expect_tool: {write_file: "Wrote ... notes.txt."}
        say: "I noted your name. {{tool.write_file}}"
  - name: slow
    on: {user_contains: slow}
    delay_ms: 50
    turns:
      - say: one two three four five six seven eight nine ten one two three four five six seven eight nine ten
        call: [{tool: ls}]
      - say: done at last
  - turns:
      - say: "I only know hello."
"""


async def test_an_agent_uses_a_tool_and_answers(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    session = api.add_session(api.add_agent(model="scripted", script=NOTES))

    done = await stack.run(session, "Hello there")

    status = done.status
    assert (status.phase, status.error) == (enum_pb2.EXECUTION_COMPLETED, "")
    assert [(message.type, message.id) for message in status.messages] == [
        (enum_pb2.MESSAGE_HUMAN, "user"),
        (enum_pb2.MESSAGE_AI, "turn-0"),
        (enum_pb2.MESSAGE_TOOL, "turn-0/tool-0"),
        (enum_pb2.MESSAGE_AI, "turn-1"),
    ]
    assert status.messages[0].content == "Hello there"
    assert status.messages[1].tool_calls[0].status == enum_pb2.TOOL_CALL_COMPLETED
    assert status.messages[3].content == "I noted your name. Wrote 16 bytes to notes.txt."
    assert not any(message.is_streaming for message in status.messages)
    assert status.started_at.endswith("Z")
    assert status.started_at <= status.completed_at
    folder = stack.home / "data" / "sessions" / session
    assert (folder / "workspace" / "notes.txt").read_text() == "Ada: Hello there"
    assert (folder / "checkpoints.db").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_an_agent_without_a_script_echoes(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()

    done = await stack.run(api.add_session(api.add_agent(model="scripted")), "ping")

    assert done.status.messages[-1].content == "You said: ping"


async def test_the_model_of_the_execution_wins_over_the_agents(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    session = api.add_session(api.add_agent(model="openai:gpt-5"))

    done = await stack.run(session, "ping", execution_config={"model_name": "scripted:echo"})

    assert done.status.messages[-1].content == "You said: ping"


async def test_without_any_model_the_error_names_the_three_places(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()

    done = await stack.run(api.add_session(api.add_agent()), "ping")

    assert done.status.phase == enum_pb2.EXECUTION_FAILED
    for place in ("execution_config.model_name", "spec.model of the agent", "llm.provider"):
        assert place in done.status.error
    assert done.status.completed_at


@pytest.mark.parametrize(
    ("agent", "session", "execution", "field"),
    [
        ({}, {"workspace_entries": [{}]}, {}, "spec.workspace_entries of the session"),
        ({}, {"harness": 2}, {}, "spec.harness CURSOR of the session"),
    ],
)
async def test_what_is_not_supported_yet_fails_by_name(
    stack: Stack,
    api: ApiServer,
    agent: dict[str, object],
    session: dict[str, object],
    execution: dict[str, object],
    field: str,
) -> None:
    stack.start_runner()

    done = await stack.run(api.add_session(api.add_agent(model="scripted", **agent), **session), "ping", **execution)

    assert done.status.phase == enum_pb2.EXECUTION_FAILED
    assert f"{field} is not supported yet" in done.status.error


async def test_a_failed_execution_fails_its_workflow_too(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    session = api.add_session(api.add_agent(model="scripted", script="version: 2\ncases: []"))
    execution = api.add_execution(session, "ping")
    handle = await stack.start(execution)

    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()

    assert "script.version must be 1" in str(caught.value.cause)
    assert "line 1: script.version must be 1" in (await api.finished(execution)).status.error


async def test_a_vanished_agent_fails_with_the_field_that_names_it(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    session = api.add_session("ain-gone")

    done = await stack.run(session, "ping")

    assert "spec.agent_instance_id of the session is 'ain-gone', which does not exist" in done.status.error


async def test_a_cancelled_workflow_leaves_a_cancelled_execution(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted", script=NOTES)), "slow please")
    handle = await stack.start(execution)
    await api.until(execution, lambda status: any("three" in message.content for message in status.messages))

    await handle.cancel()

    done = await api.finished(execution)
    assert done.status.phase == enum_pb2.EXECUTION_CANCELLED
    assert not any(message.is_streaming for message in done.status.messages)
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert (await handle.describe()).status == WorkflowExecutionStatus.CANCELED


async def test_a_server_that_answers_stop_ends_the_run(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted", script=NOTES)), "slow please")
    await stack.start(execution)
    await api.until(execution, lambda status: any("three" in message.content for message in status.messages))

    api.signal = enum_pb2.EXECUTION_CONTROL_SIGNAL_STOP

    assert (await api.finished(execution)).status.phase == enum_pb2.EXECUTION_CANCELLED


async def test_text_streams_while_the_agent_speaks(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted", script=NOTES)), "slow please")
    await stack.start(execution)

    early = await api.until(execution, lambda status: any("three" in message.content for message in status.messages))

    assert early.status.messages[1].is_streaming
    assert not early.status.messages[1].content.endswith("ten")
    assert (await api.finished(execution)).status.messages[-1].content == "done at last"


async def test_a_server_that_goes_away_in_mid_run_hears_the_end_when_it_is_back(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted", script=NOTES)), "slow please")
    handle = await stack.start(execution)
    await api.until(execution, lambda status: any("three" in message.content for message in status.messages))

    await api.stop()
    await asyncio.sleep(0.3)  # part of the case: reports fail for a while
    await api.start()

    done = await api.finished(execution)
    assert done.status.phase == enum_pb2.EXECUTION_COMPLETED
    assert await handle.result() == "completed"
    sequences = [report.sequence for report in api.reports[execution]]
    assert sequences == sorted(set(sequences))


async def test_refused_reports_are_repeated(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    api.fail_reports = [Unavailable("starting"), Unavailable("starting")]

    done = await stack.run(api.add_session(api.add_agent(model="scripted")), "ping")

    assert [message.content for message in done.status.messages] == ["ping", "You said: ping"]


async def test_two_executions_of_one_session_never_run_at_once(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    session = api.add_session(api.add_agent(model="scripted", script=NOTES))
    first, second = api.add_execution(session, "slow one"), api.add_execution(session, "slow two")
    await asyncio.gather(stack.start(first), stack.start(second))

    ends = sorted([await api.finished(first), await api.finished(second)], key=lambda one: one.status.completed_at)

    assert ends[0].status.completed_at <= ends[1].status.messages[1].timestamp


async def test_a_short_slice_yields_and_the_next_segment_goes_on(stack: Stack, api: ApiServer) -> None:
    stack.start_runner(slice_seconds=0.4)
    session = api.add_session(api.add_agent(model="scripted", script=QUICK_STEPS))
    execution = api.add_execution(session, "go")
    handle = await stack.start(execution)

    done = await api.finished(execution)

    assert done.status.messages[-1].content == "finished"
    assert len([message for message in done.status.messages if message.type == enum_pb2.MESSAGE_TOOL]) == 8
    await handle.result()
    segments = [
        event
        async for event in handle.fetch_history_events()
        if event.HasField("activity_task_completed_event_attributes")
    ]
    assert len(segments) > 1


async def test_a_broken_checkpoint_file_fails_the_execution_after_a_few_attempts(
    stack: Stack, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TIMING, "first_retry", 0.01)
    session = api.add_session(api.add_agent(model="scripted"))
    folder = stack.home / "data" / "sessions" / session
    folder.mkdir(parents=True)
    (folder / "checkpoints.db").write_bytes(b"this is no database" * 100)
    stack.start_runner()
    execution = api.add_execution(session, "ping")
    handle = await stack.start(execution)

    done = await api.finished(execution)

    assert done.status.phase == enum_pb2.EXECUTION_FAILED
    assert done.status.error.startswith("the agent runner failed repeatedly: DatabaseError: file is not a database")
    with pytest.raises(WorkflowFailureError):
        await handle.result()


async def test_a_deleted_execution_ends_its_workflow_quietly(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted", script=NOTES)), "slow please")
    handle = await stack.start(execution)
    await api.until(execution, lambda status: any("three" in message.content for message in status.messages))

    del api.resources["agent_execution", execution]

    assert await handle.result() == "gone"


_STEP = '      - say: "working on it"\n        delay_ms: 50\n        call: [{tool: ls}]\n'
QUICK_STEPS = "version: 1\ncases:\n  - turns:\n" + _STEP * 8 + "      - say: finished\n"
