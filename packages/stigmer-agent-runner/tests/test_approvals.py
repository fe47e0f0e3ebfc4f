"""Approvals on a real Temporal: waits hold no worker, answers reach their own call, no silence is taken for a yes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from temporalio.client import WorkflowFailureError

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2
from stigmer_api.temporal import SET_PAUSED, PauseState

if TYPE_CHECKING:
    from agent_runner_testing.api import ApiServer, Execution
    from agent_runner_testing.stack import Stack

SCRIPT = """
version: 1
cases:
  - on: {user_contains: three}
    turns:
      - say: "Three files."
        call:
          - {tool: write_file, args: {path: free.txt, content: free}}
          - {tool: write_file, args: {path: one.txt, content: one}, approval: it changes one}
          - {tool: write_file, args: {path: two.txt, content: two}, approval: true}
      - say: "All done."
  - on: {agent: helper}
    turns:
      - call:
          - {tool: write_file, args: {path: one.txt, content: one}, approval: it changes one}
          - {tool: write_file, args: {path: two.txt, content: two}, approval: it changes two}
      - say: "{{tool.write_file}}"
  - on: {user_contains: delegate}
    turns:
      - call: [{tool: task, args: {subagent_type: helper, description: write both}}]
      - say: "It said: {{tool.task}}"
  - on: {user_contains: twice}
    turns:
      - call: [{tool: write_file, args: {path: one.txt, content: one}, approval: true}]
      - call: [{tool: write_file, args: {path: two.txt, content: two}, approval: true}]
      - say: "{{tool.write_file}}"
  - turns:
      - call: [{tool: write_file, args: {path: one.txt, content: one}, approval: true}]
      - say: "{{tool.write_file}}"
"""
COMPLETED = enum_pb2.EXECUTION_COMPLETED


@pytest.fixture
def session(api: ApiServer) -> str:
    """A session of an agent whose script asks for approvals."""
    return api.add_session(api.add_agent(model="scripted", script=SCRIPT))


def files(stack: Stack, session: str) -> dict[str, str]:
    """What the agent wrote."""
    workspace = stack.home / "data" / "sessions" / session / "workspace"
    return {path.name: path.read_text() for path in workspace.iterdir()} if workspace.exists() else {}


def calls(execution: Execution) -> list[Any]:
    """The tool calls as the messages of the model show them."""
    return [call for message in execution.status.messages if message.type == 2 for call in message.tool_calls]


def asked(execution: Execution) -> list[str]:
    """Ids of the calls that wait."""
    return [item.tool_call_id for item in execution.status.pending_approvals]


async def test_parallel_calls_wait_for_their_own_answers_while_the_others_run(
    stack: Stack, api: ApiServer, session: str
) -> None:
    stack.start_runner()
    waiting = await stack.waiting(session, "three", 2)
    execution = waiting.metadata.id
    free, one, two = calls(waiting)
    assert (free.status, one.status, two.status) == (3, 5, 5)
    assert files(stack, session) == {"free.txt": "free"}
    first = waiting.status.pending_approvals[0]
    assert (first.tool_name, first.message) == ("write_file", "it changes one")
    assert first.args_preview == '{"path": "one.txt", "content": "one"}'
    assert first.approval_policy_source == enum_pb2.APPROVAL_POLICY_SOURCE_AGENT_OVERRIDE
    assert first.expires_at > first.requested_at

    await stack.answer(execution, two.id, "REJECT", comment="not this one")
    still = await stack.asked(execution, 1)
    assert asked(still) == [one.id]
    edited = '{"path": "one.txt", "content": "edited"}'
    await stack.answer(execution, one.id, edited_args_json=edited)
    done = await api.finished(execution)

    assert (done.status.phase, done.status.messages[-1].content) == (COMPLETED, "All done.")
    assert files(stack, session) == {"free.txt": "free", "one.txt": "edited"}
    free, one, two = calls(done)
    assert (free.status, one.status, two.status) == (3, 3, enum_pb2.TOOL_CALL_SKIPPED)
    assert (one.args["content"], one.approval_action, one.approved_by) == ("edited", 1, "ada")
    assert two.error.startswith("Rejected: ada does not allow this call of write_file.")
    assert two.error.endswith("They said: not this one")
    assert not done.status.pending_approvals


async def test_serial_calls_ask_one_after_the_other_and_each_answer_is_for_its_own(
    stack: Stack, api: ApiServer, session: str
) -> None:
    stack.start_runner()
    first = await stack.waiting(session, "twice", 1)
    execution = first.metadata.id
    (one,) = asked(first)
    await stack.answer(execution, one)
    second = await api.until(execution, lambda status: bool(status.pending_approvals) and len(status.messages) > 3)
    (two,) = asked(second)
    assert two != one
    assert files(stack, session) == {"one.txt": "one"}
    await stack.answer(execution, two, "REJECT")

    done = await api.finished(execution)
    assert [call.status for call in calls(done)] == [enum_pb2.TOOL_CALL_COMPLETED, enum_pb2.TOOL_CALL_SKIPPED]
    assert files(stack, session) == {"one.txt": "one"}


async def test_parallel_calls_in_a_sub_agent_get_their_own_answers_edited_and_rejected(
    stack: Stack, api: ApiServer
) -> None:
    helper = {"name": "helper", "description": "writes", "instructions": "You write the files."}
    session = api.add_session(api.add_agent(model="scripted", script=SCRIPT, sub_agents=[helper]))
    stack.start_runner()
    waiting = await stack.waiting(session, "delegate", 2)
    execution = waiting.metadata.id
    pending = {item.message: item for item in waiting.status.pending_approvals}
    assert {(item.from_sub_agent, item.sub_agent_name) for item in pending.values()} == {(True, "helper")}
    await stack.answer(execution, pending["it changes two"].tool_call_id, "REJECT")
    await stack.asked(execution, 1)
    await stack.stop_runners()
    edited = '{"path": "one.txt", "content": "edited"}'
    await stack.answer(execution, pending["it changes one"].tool_call_id, edited_args_json=edited)
    stack.start_runner()

    done = await api.finished(execution)
    assert (done.status.phase, done.status.error) == (COMPLETED, "")
    assert files(stack, session) == {"one.txt": "edited"}
    (inside,) = done.status.sub_agent_executions
    ended = [call.status for message in inside.messages if message.type == 2 for call in message.tool_calls]
    assert ended == [enum_pb2.TOOL_CALL_COMPLETED, enum_pb2.TOOL_CALL_SKIPPED]


async def test_waiting_executions_hold_no_worker_and_outlive_every_runner(
    stack: Stack, api: ApiServer, session: str
) -> None:
    stack.start_runner(max_concurrency=1)
    waiting = await stack.waiting(session, "one", 1)
    other = api.add_session(api.session(session).spec.agent_instance_id)
    also = await stack.waiting(other, "one", 1)
    await stack.stop_runners()

    await stack.answer(waiting.metadata.id, asked(waiting)[0], "SKIP")
    await stack.answer(also.metadata.id, asked(also)[0])
    stack.start_runner(max_concurrency=1)

    skipped, written = await api.finished(waiting.metadata.id), await api.finished(also.metadata.id)
    assert skipped.status.messages[-1].content.startswith("Skipped: ada skipped this call of write_file.")
    assert calls(skipped)[0].status == enum_pb2.TOOL_CALL_SKIPPED
    assert written.status.messages[-1].content == "Wrote 3 bytes to one.txt."
    assert (files(stack, session), files(stack, other)) == ({}, {"one.txt": "one"})


async def test_a_timeout_rejects_and_never_approves(stack: Stack, session: str) -> None:
    stack.start_runner(approval_timeout_seconds=0.2)
    done = await stack.run(session, "one")
    assert done.status.messages[-1].content.endswith("They said: Nobody answered in time.")
    assert files(stack, session) == {}


async def test_approve_all_holds_for_the_rest_of_the_execution_only(stack: Stack, api: ApiServer, session: str) -> None:
    stack.start_runner()
    waiting = await stack.waiting(session, "twice", 1)
    await stack.answer(waiting.metadata.id, asked(waiting)[0], "APPROVE_ALL")
    done = await api.finished(waiting.metadata.id)
    assert files(stack, session) == {"one.txt": "one", "two.txt": "two"}
    assert calls(done)[1].approval_policy_source == enum_pb2.APPROVAL_POLICY_SOURCE_APPROVAL_LEASE
    assert asked(await stack.waiting(session, "one", 1))


@pytest.mark.parametrize(
    ("spec", "written"),
    [({"auto_approve_all": True}, {"one.txt": "one"}), ({"execution_config": {"approval_mode": 2}}, {})],
)
async def test_executions_that_ask_nobody_run_or_skip_as_they_say(
    stack: Stack, session: str, spec: dict[str, Any], written: dict[str, str]
) -> None:
    stack.start_runner()
    done = await stack.run(session, "one", **spec)
    assert (done.status.phase, files(stack, session)) == (COMPLETED, written)
    if not written:
        assert "this execution runs unattended" in done.status.messages[-1].content


async def test_a_waiting_execution_can_be_paused_answered_and_cancelled(
    stack: Stack, api: ApiServer, session: str
) -> None:
    stack.start_runner()
    waiting = await stack.waiting(session, "three", 2)
    handle = stack.client.get_workflow_handle(f"stigmer/agent-execution/invoke/{waiting.metadata.id}")
    await handle.signal(SET_PAUSED, PauseState(paused=True, number=1))
    await stack.answer(waiting.metadata.id, asked(waiting)[0])
    paused = await api.until(waiting.metadata.id, lambda status: status.phase == enum_pb2.EXECUTION_PAUSED)
    assert len(asked(paused)) == 1
    assert "one.txt" not in files(stack, session)
    await handle.signal(SET_PAUSED, PauseState(paused=False, number=2))
    await stack.asked(waiting.metadata.id, 1)
    assert files(stack, session)["one.txt"] == "one"

    await handle.cancel()
    done = await api.finished(waiting.metadata.id)
    assert done.status.phase == enum_pb2.EXECUTION_CANCELLED
    assert not done.status.pending_approvals
    with pytest.raises(WorkflowFailureError):
        await handle.result()
