"""Random documents give the same result everywhere: by a naive evaluator, in process, in process unwound at every
safe point, on Temporal, and on Temporal with continue-as-new forced wherever the run has moved.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from random_documents import ERROR, Node, RaisedError, Reference, document, task_lists
from runner_peer import ApiServer, HttpService
from runner_testing import Stack, wait_for_temporal

from stigmer_workflow_runner.errors import Fault, describe
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document

START = {"n": 5, "s": []}
DOCUMENTS = task_lists()
IN_PROCESS = settings(max_examples=100, deadline=None, derandomize=bool(os.environ.get("CI")))


@dataclass
class Result:
    """What a run gives and does; `error` is an error as text, or only its status by the naive evaluator."""

    output: Any = None
    error: Any = None
    pings: tuple[int, ...] = ()


def expected(nodes: Any) -> Result:
    reference = Reference()
    try:
        output = reference.run(nodes, START)
    except RaisedError as error:
        return Result(None, error.status, tuple(reference.pings))
    return Result(output, None, tuple(reference.pings))


async def in_process(nodes: Any, drain_every: int = 0) -> tuple[Result, Any]:
    """The result in process, and the error object."""
    pings: list[int] = []

    async def ping(request: Any) -> Any:
        pings.append(request["body"]["n"])
        return {"n": request["body"]["n"] + 1}

    runtime = InProcessRuntime({"http": ping}, drain_every=drain_every)
    try:
        output = await run_document(document(nodes, "http://ping/"), START, runtime)
    except Fault as fault:
        return Result(None, describe(fault.error), tuple(pings)), fault.error
    return Result(output, None, tuple(pings)), None


def same(found: Result, wanted: Result, *, ordered: bool) -> None:
    """Branches of a fork may ping in any order."""
    assert (found.output, found.error) == (wanted.output, wanted.error)
    assert found.pings == wanted.pings if ordered else sorted(found.pings) == sorted(wanted.pings)


def has_fork(nodes: Any) -> bool:
    return "kind='fork'" in repr(nodes)


def races(nodes: Any) -> bool:
    """Whether a branch may fail: what its siblings have done by then, and which fails first, is a matter of time."""
    if isinstance(nodes, Node):
        return (nodes.kind == "fork" and "kind='raise'" in repr(nodes)) or races(nodes.args)
    return isinstance(nodes, tuple) and any(races(node) for node in nodes)


@IN_PROCESS
@given(DOCUMENTS)
def test_the_engine_gives_what_a_naive_evaluator_gives(nodes: Any) -> None:
    wanted = expected(nodes)
    found, error = asyncio.run(in_process(nodes))
    if error is not None:
        assert error["type"] == ERROR
        found = replace(found, error=error["status"])
    if races(nodes):
        assert wanted.error is None or found.error is not None
    else:
        same(found, wanted, ordered=not has_fork(nodes))


@IN_PROCESS
@given(DOCUMENTS, st.integers(6, 9))
def test_unwinding_again_and_again_changes_nothing(nodes: Any, every: int) -> None:
    plain, _ = asyncio.run(in_process(nodes))
    unwound, _ = asyncio.run(in_process(nodes, drain_every=every))
    if not races(nodes):
        same(unwound, plain, ordered=not has_fork(nodes))


# --- laws of the data flow (8.5) -----------------------------------------------------------------------------------


@IN_PROCESS
@given(DOCUMENTS)
def test_what_means_nothing_changes_nothing(nodes: Any) -> None:
    skipped = Node("set", (("lit", 7),), condition=("no",), then="end")
    plain, _ = asyncio.run(in_process(nodes))
    wrapped, _ = asyncio.run(in_process((Node("do", (nodes,)),)))
    around, _ = asyncio.run(in_process((skipped, *(shifted(node) for node in nodes))))
    assert (wrapped.output, wrapped.pings) == (plain.output, plain.pings)
    assert (around.output, around.pings) == (plain.output, plain.pings)


def shifted(node: Node) -> Node:
    """A node of a list that has one more in front."""

    def moved(target: Any) -> Any:
        return target + 1 if isinstance(target, int) else target

    if node.kind == "switch":
        node = replace(node, args=(tuple((when, moved(target)) for when, target in node.args[0]),))
    return replace(node, then=moved(node.then))


@IN_PROCESS
@given(DOCUMENTS)
def test_filters_that_give_their_input_change_nothing(nodes: Any) -> None:
    value = document(nodes, "http://ping/")
    for task in value["do"]:
        for body in task.values():
            body.setdefault("output", {"as": "."})
            body.setdefault("export", {"as": "$context"})
            body.setdefault("input", {"from": "."})
    value["input"], value["output"] = {"from": "."}, {"as": "."}

    async def run() -> Any:
        async def ping(request: Any) -> Any:
            return {"n": request["body"]["n"] + 1}

        try:
            return await run_document(value, START, InProcessRuntime({"http": ping}))
        except Fault as fault:
            return describe(fault.error)

    plain, _ = asyncio.run(in_process(nodes))
    assert asyncio.run(run()) == (plain.error or plain.output)


# --- Temporal ------------------------------------------------------------------------------------------------------


@dataclass
class Engines:
    """Two workers on one Temporal: one as usual, one that continues as new all the time."""

    usual: Stack
    forced: Stack
    http: HttpService

    async def run(self, stack: Stack, nodes: Any) -> Result:
        path = f"/{os.urandom(8).hex()}"
        execution, _ = await stack.run(json.dumps(document(nodes, self.http.url + path)), START)
        status = stack.api.status(execution)
        bodies = (body for _, asked, _, body in self.http.requests if asked == path)
        pings = tuple(json.loads(body)["n"] for body in bodies)
        return Result(json.loads(status.output_json) if status.output_json else None, status.error or None, pings)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engines(temporal_address: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    async def answer(_verb: str, _path: str, _headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        return 200, {"n": json.loads(body)["n"] + 1}

    api, http = ApiServer(), HttpService()
    http.answer = answer
    await api.start()
    await http.start()
    temporal = await wait_for_temporal(temporal_address)

    def stack(name: str) -> Stack:
        home: Path = tmp_path_factory.mktemp(name)
        return Stack(temporal, api, temporal_address, f"{name}-{os.urandom(4).hex()}", home)

    found = Engines(stack("usual"), stack("forced"), http)
    async with found.usual.worker(), found.forced.worker(max_history_events=8):
        yield found
    await http.stop()
    await api.stop()


@settings(
    max_examples=5,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(st.lists(DOCUMENTS, min_size=6, max_size=6))
@pytest.mark.asyncio(loop_scope="module")
async def test_temporal_gives_the_same_also_when_it_continues_as_new_all_the_time(
    engines: Engines, documents: Any
) -> None:
    wanted = [(await in_process(nodes))[0] for nodes in documents]
    usual = asyncio.gather(*(engines.run(engines.usual, nodes) for nodes in documents))
    forced = asyncio.gather(*(engines.run(engines.forced, nodes) for nodes in documents))
    for nodes, result, *found in zip(documents, wanted, await usual, await forced, strict=True):
        for one in found:
            if not races(nodes):
                same(one, result, ordered=not has_fork(nodes))
            elif result.error is not None:
                assert one.error is not None
