"""`call: activity`: activities of a worker that knows nothing of us, on a task queue of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from runner_documents import HEAD
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from stigmer_api.temporal import USER_ACTIVITY_QUEUE

COMPLETED, FAILED = 3, 4
LARGE = ", arguments: '${ [.] }'"
POLICY = "retryPolicy: {initialInterval: {milliseconds: 1}, maximumAttempts: 5}"


class Shop:
    """What the user's worker does."""

    def __init__(self) -> None:
        self.attempts = 0
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()

    @activity.defn(name="convert")
    async def convert(self, image: dict[str, Any], scale: int) -> dict[str, Any]:
        return {"width": image["width"] * scale, "at": activity.info().task_queue, "attempt": activity.info().attempt}

    @activity.defn(name="flaky")
    async def flaky(self) -> int:
        self.attempts += 1
        if self.attempts % 3:
            raise ApplicationError("come back later", type="Busy")
        return self.attempts

    @activity.defn(name="chosen")
    async def chosen(self) -> None:
        raise ApplicationError(
            "no", {"type": "https://shop.example/errors/sold-out", "status": 409, "title": "Sold out"}
        )

    @activity.defn(name="odd")
    async def odd(self, what: str) -> Any:
        return {"bytes": b"hi", "nothing": None}[what]

    @activity.defn(name="stubborn")
    async def stubborn(self) -> str:
        """Ignores that it is cancelled."""
        self.began.set()
        while not self.go_on.is_set():
            activity.heartbeat()
            try:
                await asyncio.wait_for(self.go_on.wait(), 0.1)
            except (TimeoutError, asyncio.CancelledError):
                continue
        return "too late"


@pytest.fixture
def queue() -> str:
    return f"users-{os.urandom(4).hex()}"


@asynccontextmanager
async def working(stack: Any, queue: str) -> AsyncIterator[Shop]:
    """The user's worker."""
    shop = Shop()
    activities: list[Any] = [shop.convert, shop.flaky, shop.chosen, shop.odd, shop.stubborn]
    worker = Worker(
        stack.temporal, task_queue=queue, activities=activities, graceful_shutdown_timeout=timedelta(seconds=1)
    )
    async with worker:
        yield shop


def call(queue: str, name: str, more: str = "") -> str:
    return f"call: activity, with: {{name: {name}, taskQueue: {queue}{more}}}"


async def test_an_activity_gets_its_arguments_and_its_result_is_the_output(stack: Any, queue: str) -> None:
    more = ", arguments: ['${ .image }', 3]"
    text = f"do: [{{a: {{{call(queue, 'convert', more)}}}}}, {{b: {{set: {{got: '${{ . }}'}}}}}}]"
    async with working(stack, queue), stack.worker():
        execution, _ = await stack.run(HEAD + text, {"image": {"width": 7}})
    assert stack.api.output(execution) == {"got": {"width": 21, "at": queue, "attempt": 1}}


async def test_bytes_are_base64_and_nothing_is_null(stack: Any, queue: str) -> None:
    bytes_, nothing = (f"{{{call(queue, 'odd', f', arguments: [{what}]')}}}" for what in ("bytes", "nothing"))
    text = f"do: [{{f: {{fork: {{branches: [{{a: {bytes_}}}, {{b: {nothing}}}]}}}}}}]"
    async with working(stack, queue), stack.worker():
        execution, _ = await stack.run(HEAD + text)
    assert stack.api.output(execution) == ["aGk=", None]


async def test_failures_are_errors_that_try_catches_and_temporal_repeats_only_when_it_is_told_to(
    stack: Any, queue: str
) -> None:
    def tried(name: str, task: str, caught: str) -> str:
        return f"- {name}: {{try: [{{a: {{{task}}}}}], catch: {{as: error, do: [{{keep: {{set: '{caught}'}}}}]}}}}"

    keep = "${ $input + [($error | {type, status, detail, title})] }"
    text = "\n".join(
        [
            "do:",
            "- start: {set: '${ [] }'}",
            tried("once", call(queue, "flaky"), "${ [$error | {type, status, detail}] }"),
            f"- again: {{{call(queue, 'flaky', ', ' + POLICY)}, output: {{as: '$input + [.]'}}}}",
            tried("own", call(queue, "chosen"), keep),
            tried("unknown", call(queue, "nobody"), keep),
        ]
    )
    async with working(stack, queue) as shop, stack.worker():
        execution, _ = await stack.run(HEAD + text)
    assert stack.api.status(execution).error == ""
    once, count, own, unknown = stack.api.output(execution)
    assert (once["type"].rpartition("/")[2], once["status"]) == ("communication", 500)
    assert once["detail"] == "activity flaky: Busy: come back later"
    assert (count, shop.attempts) == (3, 3), "the first try and two repetitions"
    assert own == {
        "type": "https://shop.example/errors/sold-out",
        "status": 409,
        "title": "Sold out",
        "detail": None,
    }
    assert "Activity function nobody" in unknown["detail"]


async def test_a_queue_that_nobody_polls_is_named_in_time(stack: Any, queue: str) -> None:
    text = f"do: [{{a: {{{call(queue, 'convert', ', scheduleToStartTimeout: {milliseconds: 200}')}}}}}]"
    async with stack.worker():
        execution, _ = await stack.run(HEAD + text)
    error = stack.api.status(execution).error
    assert f"no worker took it from the task queue '{queue}' within 0.2 s: start a worker" in error
    assert "errors/communication, status 503" in error


async def test_a_timeout_does_not_wait_for_an_activity_that_ignores_its_cancellation(stack: Any, queue: str) -> None:
    task = call(queue, "stubborn", ", heartbeatTimeout: PT30S")
    text = f"do: [{{a: {{{task}, timeout: {{after: {{seconds: 1}}}}}}}}]"
    async with working(stack, queue) as shop, stack.worker():
        execution, handle = await stack.run(HEAD + text)
        assert shop.began.is_set()
        assert not shop.go_on.is_set()
        assert "errors/timeout, status 408" in stack.api.status(execution).error
        with pytest.raises(Exception, match="Workflow execution failed"):
            await asyncio.wait_for(handle.result(), 30)
        shop.go_on.set()
    execution_frames = [task.status for task in stack.api.status(execution).tasks]
    assert execution_frames == [FAILED]


async def test_what_cannot_be_sent_to_others_is_refused(stack: Any, queue: str) -> None:
    large = (
        f"do: [{{a: {{{call(queue, 'convert', ', arguments: [.]').replace('[.]', chr(34) + '${ [.] }' + chr(34))}}}}}]"
    )
    own = f"do: [{{a: {{{call(stack.queue, 'http')}}}}}]"
    runners = "do: [{a: {call: activity, with: {name: x, taskQueue: '${ .q }'}}}]"
    async with stack.worker():
        for text, given, reason in (
            (large, "x" * 60_000, "an argument of activity convert has 51200 bytes or more"),
            (own, None, "is the runner's own task queue"),
            (runners, {"q": "agent_execution_runner"}, "belongs to a runner"),
        ):
            execution, _ = await stack.run(HEAD + text, given)
            assert reason in stack.api.status(execution).error


async def test_the_uploaded_kind_calls_the_users_queue(stack: Any) -> None:
    workflow = stack.api.add_workflow("")
    spec = {
        "document": {"dsl": "1.0.0", "namespace": "a", "name": "b", "version": "1.0.0"},
        "tasks": [{"name": "odd", "kind": "activity_call", "task_config": {"activity": "width_of", "input": {"w": 5}}}],
    }
    ParseDict(spec, workflow.spec)

    @activity.defn(name="width_of")
    async def width_of(given: dict[str, Any]) -> int:
        return int(given["w"])

    async with Worker(stack.temporal, task_queue=USER_ACTIVITY_QUEUE, activities=[width_of]), stack.worker():
        execution = stack.api.add_execution(workflow)
        await stack.start(execution)
        status = await stack.api.ended(execution)
    assert (status.phase, status.output_json) == (COMPLETED, "5")
