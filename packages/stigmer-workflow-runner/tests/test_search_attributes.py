"""Search attributes: found in Temporal when they are registered, left out when not, and never in the way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from runner_documents import HEAD
from structlog.testing import capture_logs
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import WorkflowFailureError
from temporalio.common import SearchAttributeKey

from stigmer_api.temporal import SET_PAUSED, PauseState
from stigmer_workflow_runner.attributes import Attributes


async def test_a_run_has_what_is_registered_and_goes_without_the_rest(stack: Any) -> None:
    amount, moment = IndexedValueType.INDEXED_VALUE_TYPE_INT, IndexedValueType.INDEXED_VALUE_TYPE_DATETIME
    word = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    await stack.temporal.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace="default", search_attributes={"Amount": amount, "Wrong": amount, "Due": moment, "Customer": word}
        )
    )
    wanted = (
        "{searchAttributes: {Amount: 7, Wrong: seven, Unknown: 1, Due: '2030-01-01T00:00:00Z', "
        "Customer: {type: keyword, value: '${ .customer }'}}}"
    )
    document = HEAD.replace("version: 1.0.0}", f"version: 1.0.0, metadata: {wanted}}}")
    async with stack.worker(max_history_events=5):
        text = document + "do: [{w: {wait: {milliseconds: 1}}}, {a: {set: {x: 1}}}]"
        execution, handle = await stack.run(text, {"customer": "Ada"})
        await asyncio.wait_for(handle.result(), 30)
    assert stack.api.output(execution) == {"x": 1}
    found = (await handle.describe()).typed_search_attributes

    def value(name: str) -> Any:
        return found.get(SearchAttributeKey.for_keyword(name))

    assert [value(name) for name in ("WorkflowExecutionID", "OrgId", "DslNamespace", "DslName", "DslVersion")] == [
        execution,
        "local",
        "tests",
        "flow",
        "1.0.0",
    ]
    assert found.get(SearchAttributeKey.for_int("Amount")) == 7
    assert (value("Customer"), value("DslPhase")) == ("Ada", None)
    assert found.get(SearchAttributeKey.for_datetime("Due")) == datetime(2030, 1, 1, tzinfo=UTC)
    assert {pair.key.name for pair in found} & {"Wrong", "Unknown"} == set()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("${ .n | error }", "the search attribute 'Note' has no value"),
        ("${ $context }", "it sees the input of the execution and no variables"),
        ("${ . }", "is a KEYWORD, not"),
    ],
)
async def test_a_value_that_does_not_fit_is_left_out_with_a_warning(
    temporal: Any, monkeypatch: Any, value: str, reason: str
) -> None:
    async def known(_self: Attributes) -> dict[str, str]:
        return {"Note": "KEYWORD"}

    monkeypatch.setattr(Attributes, "known", known)
    document = {"document": {"name": "flow", "metadata": {"searchAttributes": {"Note": value}}}}
    with capture_logs() as logs:
        assert await Attributes(temporal).of("wex-1", "local", document, {"n": 1}) == []
    assert any(reason in entry["event"] for entry in logs)


async def phase_of(handle: Any) -> str | None:
    found = (await handle.describe()).typed_search_attributes
    phase: str | None = found.get(SearchAttributeKey.for_keyword("DslPhase"))
    return phase


async def test_the_phase_of_a_paused_run_can_be_searched_for(stack: Any) -> None:
    async with stack.worker():
        document = HEAD + "do: [{w: {listen: {to: {one: {with: {type: never}}}}}}]"
        execution = stack.api.add_execution(stack.api.add_workflow(document), None)
        handle = await stack.start(execution)
        await stack.api.until(lambda: "/do/0/w" in stack.api.tasks(execution))
        await handle.signal(SET_PAUSED, PauseState(paused=True, number=1))
        await stack.api.until(lambda: stack.api.status(execution).phase == 7)
        async with asyncio.timeout(30):
            while True:  # the step that tells the server is written when it has told
                if await phase_of(handle) == "suspended":
                    break
                await asyncio.sleep(0.05)
        await handle.cancel()
        await stack.api.ended(execution)
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(handle.result(), 30)
    assert await phase_of(handle) == "cancelled"


async def test_a_temporal_that_has_none_of_them_runs_everything(stack: Any, monkeypatch: Any) -> None:
    async def nothing(_self: Attributes) -> dict[str, str]:
        return {}

    monkeypatch.setattr(Attributes, "known", nothing)
    async with stack.worker():
        execution, handle = await stack.run(HEAD + "do: [{a: {set: {x: 1}}}]")
        await asyncio.wait_for(handle.result(), 30)
    assert stack.api.output(execution) == {"x": 1}
    assert not [pair for pair in (await handle.describe()).typed_search_attributes if pair.key.name.startswith("Dsl")]
