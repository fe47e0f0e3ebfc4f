"""All activities of calls, made from the settings; the worker registers what `activities` lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stigmer_workflow_runner.activities.a2a import A2aCalls
from stigmer_workflow_runner.activities.asyncapi import AsyncApiCalls
from stigmer_workflow_runner.activities.credentials import Authenticator
from stigmer_workflow_runner.activities.documents import Documents
from stigmer_workflow_runner.activities.functions import Functions
from stigmer_workflow_runner.activities.grpc import GrpcCalls
from stigmer_workflow_runner.activities.guard import Guard
from stigmer_workflow_runner.activities.http import HttpCalls
from stigmer_workflow_runner.activities.llm import ModelAccess, ModelCalls
from stigmer_workflow_runner.activities.mcp import McpCalls
from stigmer_workflow_runner.activities.openapi import OpenApiCalls
from stigmer_workflow_runner.activities.run import Allowed, Processes
from stigmer_workflow_runner.activities.schemas import Schemas
from stigmer_workflow_runner.activities.sending import Notifications
from stigmer_workflow_runner.activities.variables import VariableSource
from stigmer_workflow_runner.activities.web import Web
from stigmer_workflow_runner.activities.world import World

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient
    from stigmer_workflow_runner.settings import Settings


class Calls:
    """What every call shares: connections, tokens, rules for hosts. `close` ends the connections."""

    def __init__(self, settings: Settings, server: AsyncClient | None) -> None:
        guard = Guard(settings.http_allow, settings.http_deny)
        self.web = Web(settings.http_host_map, settings.http_max_bytes, guard)
        self._world = World(VariableSource(server))
        self._authenticator = Authenticator(self.web)
        self._documents = Documents(self._authenticator, settings.files, settings.documents)
        self.messages = AsyncApiCalls(self.web, self._world, self._authenticator, self._documents)
        self._catalog = settings.default_catalog
        self._stdio = settings.mcp_stdio
        self._models = ModelAccess(settings.llm_provider, settings.llm_base_url, settings.llm_api_key)
        self._channels = settings.channels
        self._processes = Processes(self._world, self._documents, _allowed(settings))

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """The activities."""
        messages = self.messages
        world, authenticator, documents = self._world, self._authenticator, self._documents
        return [
            HttpCalls(self.web, world, authenticator).call,
            OpenApiCalls(world, authenticator, documents).call,
            GrpcCalls(self.web, world, authenticator, documents).call,
            McpCalls(self.web, world, authenticator, stdio=self._stdio).call,
            A2aCalls(self.web, world, authenticator, documents).call,
            messages.publish,
            messages.receive,
            messages.leave,
            Functions(world, documents, self._catalog).load,
            Schemas(world, documents).load,
            ModelCalls(self.web, world, self._models).ask,
            Notifications(self.web, world, self._channels).notify,
            self._processes.call,
        ]

    async def close(self) -> None:
        """Close the connections, and end the processes that nobody waits for."""
        await self._processes.close()
        await self.messages.subscriptions.close()
        await self.web.close()


def _allowed(settings: Settings) -> Allowed:
    return Allowed(
        scripts=settings.run_scripts,
        shell=settings.run_shell,
        containers=settings.run_containers,
        python=settings.run_python,
        node=settings.run_node,
        container_command=settings.run_container_command,
        max_bytes=settings.http_max_bytes,
    )
