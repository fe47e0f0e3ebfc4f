"""Search attributes: found in Temporal when they are registered, left out when not, and never in the way."""

from __future__ import annotations

import asyncio
from typing import Any

from runner_documents import HEAD
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.common import SearchAttributeKey

from stigmer_workflow_runner.attributes import Attributes


async def test_a_run_has_what_is_registered_and_goes_without_the_rest(stack: Any) -> None:
    amount = IndexedValueType.INDEXED_VALUE_TYPE_INT
    await stack.temporal.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace="default", search_attributes={"Amount": amount, "Wrong": amount})
    )
    wanted = "{searchAttributes: {Amount: 7, Wrong: seven, Unknown: 1}}"
    document = HEAD.replace("version: 1.0.0}", f"version: 1.0.0, metadata: {wanted}}}")
    async with stack.worker(max_history_events=5):
        execution, handle = await stack.run(document + "do: [{w: {wait: {milliseconds: 1}}}, {a: {set: {x: 1}}}]")
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
    assert {pair.key.name for pair in found} & {"Wrong", "Unknown"} == set()


async def test_a_temporal_that_has_none_of_them_runs_everything(stack: Any, monkeypatch: Any) -> None:
    async def nothing(_self: Attributes) -> dict[str, str]:
        return {}

    monkeypatch.setattr(Attributes, "known", nothing)
    async with stack.worker():
        execution, handle = await stack.run(HEAD + "do: [{a: {set: {x: 1}}}]")
        await asyncio.wait_for(handle.result(), 30)
    assert stack.api.output(execution) == {"x": 1}
    assert not [pair for pair in (await handle.describe()).typed_search_attributes if pair.key.name.startswith("Dsl")]
