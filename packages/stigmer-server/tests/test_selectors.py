"""Selectors of ResourceService.List: as kubectl writes them, over any kinds, with pages that stay stable."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import AGENT_SPEC, make_agent, make_agent_execution, make_workflow, report, resource

from stigmer_api.errors import InvalidArgument
from stigmer_api.kinds import kind_by_key
from stigmer_api.messages import message_class
from stigmer_api.methods import RESOURCE_SERVICE

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient


async def listed(client: AsyncClient, *kinds: str, **fields: Any) -> Any:
    """One answer of ResourceService.List."""
    numbers = [kind_by_key(key).number for key in kinds]
    request: Any = message_class("stigmer.runtime.v1.ListResourcesRequest")(kinds=numbers, **fields)
    return await client.call(RESOURCE_SERVICE, "List", request)


def names(page: Any) -> list[str]:
    """Names of the resources of a page."""
    found = []
    for item in page.items:
        message: Any = message_class(item.type_url.rpartition("/")[2])()
        item.Unpack(message)
        found.append(message.metadata.name)
    return found


async def _catalog(client: AsyncClient) -> None:
    await make_agent(client, "red-one", labels={"team": "red", "tier": "a"})
    await make_agent(client, "red-two", labels={"team": "red"})
    await make_agent(client, "blue-one", labels={"team": "blue", "tier": "b"})
    await make_agent(client, "plain")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", ["red-one", "red-two", "blue-one", "plain"]),
        ("team=red", ["red-one", "red-two"]),
        ("team==red,tier=a", ["red-one"]),
        ("team!=red", ["blue-one", "plain"]),
        (" team in (red, blue) , !tier ", ["red-two"]),
        ("team notin (blue,green)", ["red-one", "red-two", "plain"]),
        ("tier", ["red-one", "blue-one"]),
        ("! team", ["plain"]),
        ("team,tier!=a", ["red-two", "blue-one"]),
    ],
)
async def test_a_label_selector_selects_as_kubectl_does(
    client: AsyncClient, selector: str, expected: Sequence[str]
) -> None:
    await _catalog(client)
    assert names(await listed(client, "agent", label_selector=selector)) == expected


@pytest.mark.parametrize("selector", ["team=red,", ",", "team in red", "team in (red", "a=b=c", "!!a", "a b", "(a)"])
async def test_a_selector_that_is_none_is_refused_with_the_forms_there_are(client: AsyncClient, selector: str) -> None:
    with pytest.raises(InvalidArgument, match="notin") as refused:
        await listed(client, "agent", label_selector=selector)
    assert [item.field for item in refused.value.violations] == ["label_selector"]


async def test_a_field_selector_selects_by_what_kinds_declare(client: AsyncClient) -> None:
    agent = await make_agent(client)
    runs = [await make_agent_execution(client, agent.metadata.id) for _ in range(3)]
    await report(client, runs[1], 1, phase="EXECUTION_IN_PROGRESS")

    async def found(selector: str, *kinds: str) -> int:
        return len((await listed(client, *kinds, field_selector=selector)).items)

    assert await found("phase=PENDING", "agent_execution") == 2
    assert await found("phase!=pending", "agent_execution") == 1
    assert await found("phase=EXECUTION_IN_PROGRESS,agent_id=" + agent.metadata.id, "agent_execution") == 1
    assert await found("phase==PENDING", "agent_execution", "workflow_execution", "agent") == 2
    assert await found(f"agent_id={agent.metadata.id}") == 4, "its instance and its executions"


@pytest.mark.parametrize(
    ("kinds", "selector", "words"),
    [
        (("agent_execution",), "fase=PENDING", "declared are agent_id, phase, session_id; did you mean phase?"),
        (("agent",), "phase=PENDING", "these kinds declare none"),
        (("agent_execution",), "phase=GONE", "phases are PENDING, IN_PROGRESS"),
        (("agent_execution",), "phase in (PENDING)", "FIELD!=VALUE"),
    ],
)
async def test_a_field_that_no_kind_declares_is_refused_with_those_they_declare(
    client: AsyncClient, kinds: tuple[str, ...], selector: str, words: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await listed(client, *kinds, field_selector=selector)
    assert words in refused.value.message


async def test_pages_of_a_selector_stay_stable_while_others_write(client: AsyncClient) -> None:
    kept = [f"kept-{number:02}" for number in range(12)]
    for name in kept:
        await make_agent(client, name, labels={"team": "red"})
    await make_workflow(client)
    writing = asyncio.create_task(_churn(client))
    try:
        for _ in range(5):
            seen: list[str] = []
            token = ""
            while True:
                page = await listed(client, "agent", label_selector="team in (red)", page_size=5, page_token=token)
                seen += names(page)
                token = page.next_page_token
                if not token:
                    break
            assert [name for name in seen if name.startswith("kept")] == kept
            assert len(seen) == len(set(seen))
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _churn(client: AsyncClient) -> None:
    """Create, change and delete agents that the selector finds, for ever."""
    number = 0
    while True:
        number += 1
        made = await make_agent(client, f"churn-{number}", labels={"team": "red"})
        changed = resource("agent", f"churn-{number}", {**AGENT_SPEC, "description": "x"}, labels={"team": "red"})
        await client.call("agent", "apply", changed)
        delete: Any = message_class("ai.stigmer.agentic.agent.v1.AgentId")(value=made.metadata.id)
        await client.call("agent", "delete", delete)
