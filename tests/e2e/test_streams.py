"""What a subscriber sees of a run, early, late and after the end."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from stigmer_api.client import Client
from stigmer_api.kinds import API_VERSION
from stigmer_api.methods import method

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack import Stack

SOURCE = """\
document: {dsl: 1.0.3, namespace: tests, name: NAME, version: 1.0.0}
do:
  - first: {set: {a: 1}}
  - pause: {wait: {milliseconds: 300}}
  - second: {set: {b: "${ .a + 1 }"}}
"""
PHASES = {1: "PENDING", 2: "IN_PROGRESS", 3: "COMPLETED"}


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.address, stack.token) as opened:
        yield opened


def start(client: Client) -> Any:
    name = f"w{uuid.uuid4().hex[:10]}"
    workflow = method("workflow", "create").request(
        api_version=API_VERSION,
        kind="Workflow",
        metadata={"name": name},
        spec={"source": SOURCE.replace("NAME", name)},
    )
    stored = client.call("workflow", "create", workflow)
    execution = method("workflow_execution", "create").request(
        api_version=API_VERSION,
        kind="WorkflowExecution",
        metadata={"name": f"{name}-run"},
        spec={"workflow_id": stored.metadata.id},
    )
    return client.call("workflow_execution", "create", execution)


def follow(client: Client, execution_id: str) -> list[Any]:
    request = method("workflow_execution", "subscribe").request(execution_id=execution_id)
    return list(client.stream("workflow_execution", "subscribe", request, timeout=60))


def test_a_subscriber_sees_pending_then_every_task_then_completed(client: Client) -> None:
    states = follow(client, start(client).metadata.id)
    phases = list(dict.fromkeys(PHASES[state.status.phase] for state in states))
    assert phases == ["PENDING", "IN_PROGRESS", "COMPLETED"]
    revisions = [state.metadata.revision for state in states]
    assert revisions == sorted(set(revisions))
    last = states[-1].status
    assert [task.task_name for task in last.tasks] == ["first", "pause", "second"]
    assert {task.status for task in last.tasks} == {3}
    assert any(task.task_name == "pause" and task.status == 2 for state in states for task in state.status.tasks)
    assert last.output_json == '{"b":2}'


def test_a_subscriber_after_the_end_gets_the_final_state_and_the_stream_ends(client: Client) -> None:
    execution = start(client)
    final = follow(client, execution.metadata.id)[-1]
    late = follow(client, execution.metadata.id)
    assert late == [final]


def test_a_subscriber_that_joins_in_the_middle_gets_the_final_state(client: Client) -> None:
    execution = start(client)
    request = method("workflow_execution", "subscribe").request(execution_id=execution.metadata.id)
    first = client.stream("workflow_execution", "subscribe", request, timeout=60)
    for state in first:
        if state.status.phase == 2:
            break
    joined = follow(client, execution.metadata.id)
    assert joined[0].status.phase in {2, 3}
    assert joined[-1].status.phase == 3
    assert list(first)[-1] == joined[-1]
