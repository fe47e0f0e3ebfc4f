"""A corpus of nested documents continued as new every 60 events, and under a runner that is killed again and again."""

from __future__ import annotations

import asyncio
import random
import signal
from typing import Any

from durability_corpus import CALLS, CORPUS, OUTPUTS
from test_temporal_runs import spawn

SEED = 20_261


async def started(stack: Any, url: str) -> dict[str, str]:
    """Every document of the corpus as a running execution, by name."""
    found = {}
    for name, document in CORPUS.items():
        execution = stack.api.add_execution(stack.api.add_workflow(document, name.replace(" ", "-")), {"url": url})
        await stack.start(execution)
        found[name] = execution
    return found


async def outputs(stack: Any, executions: dict[str, str], seconds: float = 60) -> dict[str, Any]:
    for execution in executions.values():
        await stack.api.ended(execution, seconds)
    return {name: stack.api.output(execution) for name, execution in executions.items()}


async def test_continued_every_60_events_the_corpus_gives_the_same_and_repeats_no_call(stack: Any, http: Any) -> None:
    async with stack.worker(max_history_events=60):
        executions = await started(stack, http.url)
        assert await outputs(stack, executions) == OUTPUTS
    paths = [path for _, path, _, _ in http.requests]
    assert len(paths) == len(set(paths)) == sum(CALLS.values())
    handle = stack.temporal.get_workflow_handle(f"stigmer/workflow-execution/invoke/{executions['branches']}")
    assert (await handle.describe()).run_id != (await _first_run(stack, handle.id))


async def _first_run(stack: Any, workflow_id: str) -> str:
    history = await stack.temporal.get_workflow_handle(workflow_id).fetch_history()
    return str(history.events[0].workflow_execution_started_event_attributes.first_execution_run_id)


async def test_a_runner_killed_at_random_points_gives_the_same_and_repeats_only_calls_that_were_cut_off(
    stack: Any, http: Any
) -> None:
    chance = random.Random(SEED)
    executions = await started(stack, http.url)
    for _ in range(2):
        reached = calls_until(http, min(len(http.requests) + chance.randint(2, 12), sum(CALLS.values())))
        runner = spawn(stack)
        try:
            await asyncio.wait_for(reached.wait(), 60)
        finally:
            runner.send_signal(signal.SIGKILL)
            runner.wait()
    async with stack.worker():
        assert await outputs(stack, executions, 90) == OUTPUTS
    repeated(http)


def calls_until(http: Any, number: int) -> asyncio.Event:
    """Set when the service has been called so often."""
    reached = asyncio.Event()

    async def answer(_verb: str, _path: str, _headers: Any, _body: bytes) -> tuple[int, Any]:
        if len(http.requests) >= number:
            reached.set()
        return 200, {}

    http.answer = answer
    return reached


def repeated(http: Any) -> None:
    """A call that was made again has the key of the first time; every call was made."""
    keys: dict[str, set[str]] = {}
    for _, path, headers, _ in http.requests:
        keys.setdefault(path, set()).add(headers["idempotency-key"])
    assert len(keys) == sum(CALLS.values())
    assert [path for path, found in keys.items() if len(found) > 1] == []
