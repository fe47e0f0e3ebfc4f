"""Large payloads lie in files: history stays small, restarts and continue-as-new notice nothing, old files go."""

# ruff: noqa: E501 - a document reads better on one line

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from runner_documents import HEAD
from runner_peer import ApiServer
from runner_testing import Stack
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowExecutionStatus

from stigmer_workflow_runner.blobs import BlobError, Blobs
from stigmer_workflow_runner.claim_check import BlobDriver, collect, with_claim_check
from stigmer_workflow_runner.excerpts import MAX_TEXT, truncated
from stigmer_workflow_runner.payloads import DATA_CONVERTER
from stigmer_workflow_runner.worker import data_converter

MEGABYTES_5 = 5_000_000
DAY = 86_400.0


def age(blobs: Blobs, days: float) -> None:
    for path in blobs.directory.glob("??/*"):
        os.utime(path, (time.time() - days * DAY,) * 2)


def files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("compress", [True, False])
def test_a_blob_comes_back_as_it_was_and_lies_private_under_its_hash(tmp_path: Path, compress: bool) -> None:
    blobs = Blobs(tmp_path / "data" / "payloads", compress=compress)
    content = b"stigmer " * 10_000
    key = blobs.put(content)
    assert blobs.put(content) == key
    [path] = files(tmp_path)
    assert Blobs(tmp_path / "data" / "payloads", compress=not compress).get(key) == content
    assert (path.name, path.parent.name) == (key + (".z" if compress else ""), key[:2])
    assert (path.stat().st_size < 1000) is compress
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_missing_or_damaged_blob_is_said_and_never_given(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, compress=False)
    key = blobs.put(b"right")
    files(tmp_path)[0].write_bytes(b"wrong")
    with pytest.raises(BlobError, match="damaged"):
        blobs.get(key)
    with pytest.raises(BlobError, match=r"not in .*claim_check\.directory"):
        blobs.get("0" * 64)
    with pytest.raises(BlobError, match="not a key"):
        blobs.get("../../token")


def test_a_blob_used_meanwhile_is_not_dropped(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    key = blobs.put(b"x" * 100)
    age(blobs, 40)
    assert blobs.older_than(30 * DAY) == [key]
    blobs.put(b"x" * 100)
    assert blobs.older_than(30 * DAY) == []
    assert blobs.drop(key, 30 * DAY) is False
    age(blobs, 40)
    assert blobs.drop(key, 30 * DAY) is True
    assert files(tmp_path) == []


async def test_only_payloads_from_the_threshold_on_are_stored_and_switching_it_off_still_reads_them(
    tmp_path: Path,
) -> None:
    on = with_claim_check(DATA_CONVERTER, Blobs(tmp_path), 1000)
    off = with_claim_check(DATA_CONVERTER, Blobs(tmp_path), 1000, enabled=False)
    [small] = await on.encode([{"a": "b"}])
    assert small.data == b'{"a":"b"}'
    [large] = await on.encode([{"a": "b" * 5000}])
    assert large.ByteSize() < 400
    assert await off.decode([large]) == [{"a": "b" * 5000}]
    [inline] = await off.encode([{"a": "b" * 5000}])
    assert inline.ByteSize() > 5000


async def test_a_driver_keeps_whole_payloads(tmp_path: Path) -> None:
    driver, given = BlobDriver(Blobs(tmp_path)), Payload(metadata={"encoding": b"x"}, data=b"y")
    context: Any = None
    claims = await driver.store(context, [given, given])
    assert [dict(claim.claim_data) for claim in claims] == [dict(claims[0].claim_data)] * 2
    assert await driver.retrieve(context, claims) == [given, given]


LARGE = (
    HEAD
    + f"""
do:
  - fetch: {{call: http, with: {{method: get, endpoint: '${{ .url }}'}}, export: {{as: '{{ big: . }}'}}}}
  - send: {{call: http, with: {{method: post, endpoint: '${{ $workflow.input.url }}', body: '${{ . }}'}}}}
  - loop:
      for: {{in: '[range(6)]'}}
      do:
        - rest: {{wait: {{milliseconds: 10}}}}
        - again: {{call: http, input: {{from: '{{}}'}}, with: {{method: get, endpoint: '${{ $workflow.input.url + "/small" }}'}}}}
  - done: {{set: {{length: '${{ $context.big.text | length }}', whole: '${{ $context.big.text == ("x" * {MEGABYTES_5}) }}'}}}}
"""
)


async def history_bytes(stack: Any, handle: Any) -> list[int]:
    """Bytes of the histories of all runs of an execution."""
    found, run = [], handle.first_execution_run_id
    while run:
        one = stack.temporal.get_workflow_handle(handle.id, run_id=run)
        events = [event async for event in one.fetch_history_events()]
        found.append(sum(event.ByteSize() for event in events))
        run = events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return found


async def test_five_megabytes_pass_through_calls_and_runs_while_history_stays_small(stack: Any, http: Any) -> None:
    async def answer(verb: str, path: str, _headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        if verb == "POST":
            return 200, {"got": len(body)}
        return 200, {"text": "x" * (10 if path == "/small" else MEGABYTES_5)}

    http.answer = answer
    async with stack.worker(max_history_events=30, max_cached_workflows=0):
        execution, handle = await stack.run(LARGE, {"url": http.url})
    assert stack.api.output(execution) == {"length": MEGABYTES_5, "whole": True}
    sizes = await history_bytes(stack, handle)
    assert len(sizes) > 2
    assert max(sizes) < 100_000
    assert sum(path.stat().st_size for path in files(stack.home)) < MEGABYTES_5 / 20
    task = stack.api.tasks(execution)["/do/0/fetch"]
    assert task.output_json.endswith('(5000011 characters)"')


async def test_an_output_of_five_megabytes_reaches_the_server(runner: Any) -> None:
    execution, handle = await runner.run(HEAD + f"do: [{{a: {{set: {{x: '${{ \"y\" * {MEGABYTES_5} }}'}}}}}}]")
    assert runner.api.output(execution) == {"x": "y" * MEGABYTES_5}
    assert max(await history_bytes(runner, handle)) < 100_000


async def test_an_output_that_the_server_s_messages_cannot_hold_fails_the_execution_clearly(
    temporal: Any, temporal_address: str, tmp_path: Path
) -> None:
    api = ApiServer(max_message=4 * 1024 * 1024)
    await api.start()
    stack = Stack(temporal, api, temporal_address, "small-messages", tmp_path)
    async with stack.worker():
        execution, _ = await stack.run(HEAD + f"do: [{{a: {{set: {{x: '${{ \"y\" * {MEGABYTES_5} }}'}}}}}}]")
    await api.stop()
    status = api.status(execution)
    assert status.phase == 4
    assert "the output of the workflow (5000008 characters) does not fit" in status.error


async def test_what_an_open_execution_refers_to_outlives_the_retention(stack: Any) -> None:
    blobs = Blobs(stack.settings().payload_directory)
    document = HEAD + "do: [{rest: {wait: {hours: 1}}}]"
    async with stack.worker():
        ended, handle = await stack.run(HEAD + "do: [{a: {set: {n: '${ .text | length }'}}}]", {"text": "e" * 90_000})
        await handle.result()
        opened = stack.api.add_execution(stack.api.add_workflow(document), {"text": "o" * 80_000})
        open_handle = await stack.start(opened)
        await stack.api.until(lambda: len(stack.api.status(opened).tasks) == 1)
    client = stack.temporal
    await _listed(client, handle.id, WorkflowExecutionStatus.COMPLETED)
    await _listed(client, open_handle.id, WorkflowExecutionStatus.RUNNING)
    before = {path.name for path in files(blobs.directory)}
    age(blobs, 40)
    assert await collect(client, blobs, 30 * DAY) > 0
    left = {path.name for path in files(blobs.directory)}
    assert left < before
    assert blobs.older_than(30 * DAY) == []
    converter = data_converter(stack.settings())
    events = [event async for event in open_handle.fetch_history_events()]
    markers = [
        e.marker_recorded_event_attributes.details for e in events if e.HasField("marker_recorded_event_attributes")
    ]
    [value] = await converter.decode(next(found["result"] for found in markers if "result" in found).payloads)
    assert value["input"] == {"text": "o" * 80_000}
    await open_handle.terminate()
    assert stack.api.output(ended) == {"n": 90_000}


async def _listed(client: Any, workflow_id: str, status: WorkflowExecutionStatus) -> None:
    """Wait until Temporal's visibility, which follows a moment later, shows a workflow in a state."""
    query = f"WorkflowId = '{workflow_id}' AND ExecutionStatus = '{status.name.capitalize()}'"
    deadline = time.monotonic() + 30
    while not [found async for found in client.list_workflows(query)]:
        assert time.monotonic() < deadline


def test_an_excerpt_of_a_huge_value_costs_little_and_says_how_much_it_leaves_out() -> None:
    assert truncated({"a": [1, True, None, "x"]}) == '{"a":[1,true,null,"x"]}'
    assert truncated({"x": "a" * 200_000}).endswith('(200008 characters)"')
    long = truncated([{"n": number} for number in range(1_000_000)])
    assert long.startswith('"[{\\"n\\":0},{\\"n\\":1}')
    assert "… (more than " in long
    assert len(long) < 2 * MAX_TEXT
    deep: Any = []
    for _ in range(500):
        deep = [deep, "x" * 200]
    assert "characters)" in truncated(deep)
