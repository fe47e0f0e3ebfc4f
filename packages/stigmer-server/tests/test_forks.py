"""Sessions that begin as a copy of another one: where they part is settled at their creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server_testing import call, make_agent, make_agent_execution, report, resource

from stigmer_api.errors import FailedPrecondition, InvalidArgument, NotFound

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

COMPLETED, FAILED = "EXECUTION_COMPLETED", "EXECUTION_FAILED"


@pytest.fixture
async def agent(client: AsyncClient) -> Any:
    """A stored agent."""
    return await make_agent(client)


async def _turns(client: AsyncClient, agent: Any, *phases: str) -> list[Any]:
    """Executions of one session that ended so."""
    found: list[Any] = []
    for phase in phases:
        more = {"session_id": found[0].spec.session_id} if found else {}
        found.append(await make_agent_execution(client, agent.metadata.id, **more))
        await report(client, found[-1], 1, phase=phase)
    return found


async def test_a_fork_parts_after_the_last_completed_turn(client: AsyncClient, agent: Any) -> None:
    turns = await _turns(client, agent, COMPLETED, COMPLETED, FAILED)
    original = turns[0].spec.session_id
    run = await make_agent_execution(client, agent.metadata.id, session_spec={"fork_of_session_id": original})
    fork = await call(client, "session", "get", value=run.spec.session_id)
    assert fork.metadata.id != original
    assert (fork.spec.fork_of_session_id, fork.spec.fork_at_execution_id) == (original, turns[1].metadata.id)
    await make_agent_execution(client, agent.metadata.id, session_id=original)
    fork.spec.subject = "another"
    updated = await client.call("session", "update", fork)
    assert updated.spec.fork_at_execution_id == turns[1].metadata.id


async def test_a_fork_may_part_earlier_and_is_created_without_a_turn(client: AsyncClient, agent: Any) -> None:
    turns = await _turns(client, agent, COMPLETED, COMPLETED)
    spec = {
        "agent_instance_id": agent.status.default_instance_id,
        "fork_of_session_id": turns[0].spec.session_id,
        "fork_at_execution_id": turns[0].metadata.id,
    }
    fork = await client.call("session", "create", resource("session", "fork", spec))
    assert fork.spec.fork_at_execution_id == turns[0].metadata.id
    fork.spec.fork_at_execution_id = turns[1].metadata.id
    with pytest.raises(InvalidArgument, match=r"spec\.fork_at_execution_id: cannot change"):
        await client.call("session", "update", fork)


async def test_what_cannot_be_forked_is_refused_with_the_reason(client: AsyncClient, agent: Any) -> None:
    [failed] = await _turns(client, agent, FAILED)
    [other] = await _turns(client, agent, COMPLETED)
    original = failed.spec.session_id

    async def fork(**spec: str) -> Any:
        return await make_agent_execution(client, agent.metadata.id, session_spec=spec)

    with pytest.raises(FailedPrecondition, match="none of its executions is COMPLETED") as raised:
        await fork(fork_of_session_id=original)
    assert raised.value.reason == "NOTHING_TO_FORK"
    with pytest.raises(FailedPrecondition, match="is not COMPLETED"):
        await fork(fork_of_session_id=original, fork_at_execution_id=failed.metadata.id)
    with pytest.raises(InvalidArgument, match="is no execution of session"):
        await fork(fork_of_session_id=original, fork_at_execution_id=other.metadata.id)
    with pytest.raises(InvalidArgument, match=r"needs spec\.fork_of_session_id"):
        await fork(fork_at_execution_id=other.metadata.id)
    with pytest.raises(NotFound):
        await fork(fork_of_session_id="ses-01arz3ndektsv4rrffq69g5fav")
    stranger = await make_agent(client, "stranger")
    with pytest.raises(InvalidArgument, match="must be that of the session it is a copy of"):
        await fork(fork_of_session_id=other.spec.session_id, agent_instance_id=stranger.status.default_instance_id)
