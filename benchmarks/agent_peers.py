"""What the benchmarks of the agent runner share: a model in a process of its own, and the runner as a process.

Not a benchmark itself; `agent_peers.py serve` is the model.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "packages/stigmer-agent-runner/tests"))

from agent_runner_testing import api as testing_api
from agent_runner_testing.api import TOKEN, ApiServer
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.processes import temporal_server
from agent_runner_testing.stack import Stack, connect
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from stigmer_api.temporal import AGENT_EXECUTION_QUEUE

MODEL = "ollama:bench"
FILE = "/given.txt"
WORDS_A_SECOND = 40
testing_api.WAIT_SECONDS = 900.0
_SERVE = "serve"


class BenchModel(ModelServer):
    """`read N`: N turns that read a file, each another part of it, then an answer. `speak N`: N words that are the
    time at which each was sent.
    """

    def _turn(self, request: dict[str, Any]) -> tuple[Turn, int]:
        messages = request["messages"]
        last = max(at for at, message in enumerate(messages) if message["role"] == "user")
        content = messages[last]["content"]
        verb, count = (content if isinstance(content, str) else content[0]["text"]).split()[:2]
        number = sum(message["role"] == "assistant" for message in messages[last:])
        if verb == "read" and number < int(count):
            return Turn(calls=(("read_file", {"file_path": FILE, "limit": 1000 + number}),)), number
        return Turn("done" if verb == "read" else f"speak {count}"), number

    async def _stream(self, request: dict[str, Any], writer: asyncio.StreamWriter, *, cut: bool) -> None:
        turn, _ = self._turn(request)
        if not turn.say.startswith("speak"):
            return await super()._stream(request, writer, cut=cut)
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": request["model"]}
        for _ in range(int(turn.say.split()[1])):
            choice = {"index": 0, "delta": {"role": "assistant", "content": f"{time.time():.4f} "}}
            writer.write(f"data: {json.dumps({**chunk, 'choices': [{**choice, 'finish_reason': None}]})}\n\n".encode())
            await writer.drain()
            await asyncio.sleep(1 / WORDS_A_SECOND)
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        writer.write(f"data: {json.dumps({**chunk, **end})}\n\ndata: [DONE]\n\n".encode())
        return None


@contextlib.contextmanager
def model() -> Iterator[str]:
    """A model in a process of its own; yields its base URL."""
    with subprocess.Popen([sys.executable, __file__, _SERVE], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


class BenchApi(ApiServer):
    """Has `on_report` look at every report when it comes in."""

    on_report: Callable[[Any], None] | None = None

    async def update_status(self, request: Any) -> Any:
        """RPC updateStatus."""
        if self.on_report is not None:
            self.on_report(request)
        return await super().update_status(request)


class Runner:
    """The agent runner as a process."""

    def __init__(self, stack: Stack, base_url: str) -> None:
        environment = os.environ | stack.environment() | {"STIGMER_LLM_BASE_URL": base_url}
        environment |= {"STIGMER_LOG_LEVEL": "warning", "STIGMER_AGENT_HEARTBEAT_SECONDS": "15"}
        self.process = subprocess.Popen([sys.executable, "-m", "stigmer_agent_runner"], env=environment)
        self._seen = psutil.Process(self.process.pid)

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        times = self._seen.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> float:
        """Resident memory in MB."""
        return float(self._seen.memory_info().rss) / 1e6

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(60)


async def polled(stack: Stack) -> None:
    """Wait until a runner polls the queue of activities."""
    request = DescribeTaskQueueRequest(
        namespace=stack.namespace,
        task_queue=TaskQueue(name=AGENT_EXECUTION_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    while not (await stack.client.workflow_service.describe_task_queue(request)).pollers:  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def world() -> AsyncIterator[tuple[Stack, BenchApi, str]]:
    """Temporal, the tests' API server, a home and a model; no runner yet."""
    with tempfile.TemporaryDirectory() as folder, model() as base_url:
        home = Path(folder) / "home"
        home.mkdir()
        (home / "token").write_text(TOKEN)
        with temporal_server(Path(folder), 1) as address:
            async with BenchApi() as api:
                yield Stack(api, await connect(address, "test-0"), home, address, "test-0"), api, base_url


def new_session(stack: Stack, text: str = "a short line\n", **agent: Any) -> str:
    """A session whose workspace holds FILE."""
    session = stack.api.add_session(stack.api.add_agent(**{"model": MODEL, **agent}))
    workspace = stack.home / "data" / "sessions" / session / "workspace"
    workspace.mkdir(parents=True)
    (workspace / FILE.lstrip("/")).write_text(text)
    return session


async def _serve() -> None:
    async with BenchModel() as server:
        print(server.base_url, flush=True)
        await asyncio.Event().wait()


if sys.argv[1:] == [_SERVE]:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
