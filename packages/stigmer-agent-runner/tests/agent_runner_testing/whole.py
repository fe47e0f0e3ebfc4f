"""Every process of a stack, each started again when it dies: Temporal, the API server and a runner.

What the supervisor is to a real stack this is to the kill matrix, without the pause that it makes after a death.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_runner_testing import noting_runner_path
from agent_runner_testing.api import TERMINAL
from agent_runner_testing.processes import free_port, stop_process, temporal_command
from agent_runner_testing.tools import Notebook
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import io_pb2
from stigmer_api.client import AsyncClient
from stigmer_api.errors import FailedPrecondition, Unavailable
from stigmer_api.kinds import API_VERSION
from stigmer_api.methods import method

SERVER, TEMPORAL, RUNNER = "server", "temporal", "runner"
MODEL = "model"
"""The name of the port that the runner looks for a model at; the test listens there."""

_RECONNECT_SECONDS = 0.1


@dataclass
class Peers:
    """The processes, with one folder: home, logs, the plan of deaths, and a file with the id of each that lives."""

    folder: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in (SERVER, TEMPORAL, MODEL)})
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def notes(self) -> Notebook:
        """The notebook of the runner's tools."""
        return Notebook(self.folder / "notes.log")

    def plan(self, deaths: Sequence[str]) -> None:
        """Say who dies where: `victim@place[:time]`, in order."""
        (self.folder / "plan").write_text("\n".join(deaths))

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start one of them."""
        commands = {
            SERVER: [sys.executable, "-m", "stigmer_server"],
            TEMPORAL: temporal_command(self.ports[TEMPORAL], self.folder / "temporal.db"),
            RUNNER: [sys.executable, noting_runner_path(), str(self.notes.path), str(self.folder)],
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = process = subprocess.Popen(
                commands[name], env=os.environ | self._environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        (self.folder / name).write_text(str(process.pid))
        return process

    def _environment(self) -> dict[str, str]:
        return {
            "STIGMER_HOME": str(self.folder / "home"),
            "STIGMER_PORT": str(self.ports[SERVER]),
            "TEMPORAL_SERVICE_ADDRESS": f"127.0.0.1:{self.ports[TEMPORAL]}",
            "STIGMER_LLM_BASE_URL": f"http://127.0.0.1:{self.ports[MODEL]}/v1",
            "STIGMER_AGENT_HEARTBEAT_SECONDS": "2",
        }

    def stop(self) -> None:
        """End all of them."""
        for name in (RUNNER, SERVER, TEMPORAL):
            process = self.running.pop(name, None)
            if process is not None and process.poll() is None:
                stop_process(process)

    def token(self) -> str:
        """The token that the server made; empty as long as it is not there."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "home" / "token").read_text().strip()
        return ""


@contextlib.contextmanager
def peers(folder: Path) -> Iterator[Peers]:
    """All of them, running."""
    made = Peers(folder)
    (folder / "home").mkdir(mode=0o700)
    made.plan(())
    try:
        for name in (TEMPORAL, SERVER, RUNNER):
            made.start(name)
        yield made
    finally:
        made.stop()


class Whole:
    """A test's view of the processes: a client that outlives the server, and who has died."""

    def __init__(self, peers: Peers, client: AsyncClient) -> None:
        self.client = client
        self.deaths: list[str] = []
        self._peers = peers

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, peers: Peers) -> AsyncIterator[Whole]:
        """Keeps everything running until the end of the block, and leaves it running."""
        async with asyncio.timeout(120):
            while not peers.token():  # noqa: ASYNC110 - another process's file has no event to wait for
                await asyncio.sleep(0.05)
        async with AsyncClient(f"127.0.0.1:{peers.ports[SERVER]}", peers.token()) as client:
            made = cls(peers, client)
            keeper = asyncio.create_task(made._keep())
            try:
                yield made
            finally:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)
                made.look()

    async def _keep(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(0.02)  # between two looks at other processes

    def look(self) -> None:
        """Start again whatever has died."""
        for name, process in list(self._peers.running.items()):
            if process.poll() is not None:
                self.deaths.append(name)
                self._peers.start(name)

    async def call(self, kind: str, verb: str, request: Any) -> Any:
        """Call the server, again as long as it is away."""
        while True:
            try:
                return await self.client.call(kind, verb, request)
            except Unavailable:
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def run(self, **agent: Any) -> str:
        """Make an agent and give it the message `go`; returns the id of the execution."""
        name = f"agent-{os.urandom(4).hex()}"
        spec = {"instructions": "You take notes.", **agent}
        made = await self.call("agent", "create", _resource("agent", "Agent", name, spec))
        spec = {"agent_id": made.metadata.id, "message": "go"}
        kind = "agent_execution"
        return str((await self.call(kind, "create", _resource(kind, "AgentExecution", name, spec))).metadata.id)

    async def states(self, execution: str) -> AsyncIterator[Any]:
        """Every state that a subscriber sees until the end, over any number of lost connections."""
        request = method("agent_execution", "subscribe").request(value=execution)
        while True:
            with contextlib.suppress(Unavailable):
                async for state in self.client.stream("agent_execution", "subscribe", request):
                    yield state
                    if state.status.phase in TERMINAL:
                        return
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def answer(self, execution: str, call: str, action: str, **more: Any) -> None:
        """Answer a question; that it was answered or taken back meanwhile is no failure."""
        request = io_pb2.SubmitApprovalInput(
            agent_execution_id=execution, tool_call_id=call, action=f"APPROVAL_ACTION_{action}", **more
        )
        with contextlib.suppress(FailedPrecondition):
            await self.call("agent_execution", "submitApproval", request)


def _resource(kind: str, name_of_kind: str, name: str, spec: dict[str, Any]) -> Any:
    """A resource to create."""
    make = method(kind, "create").request
    return make(api_version=API_VERSION, kind=name_of_kind, metadata={"name": name}, spec=spec)
