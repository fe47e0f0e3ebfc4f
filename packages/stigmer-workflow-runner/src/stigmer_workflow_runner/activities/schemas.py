"""Reads JSON schemas that lie elsewhere."""

from __future__ import annotations

from typing import Any

from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.documents import Documents
from stigmer_workflow_runner.activities.world import Opened, World


class Schemas:
    """The activity that reads a schema."""

    def __init__(self, world: World, documents: Documents) -> None:
        self._world, self._documents = world, documents

    @activity.defn(name="load_schema")
    async def load(self, argument: dict[str, Any]) -> Any:
        """`{output, documents}`: output is the schema as JSON."""
        return await self._world.run(argument, "reading a schema", self._read)

    async def _read(self, opened: Opened) -> Json:
        source = opened.argument["source"]
        document = await self._documents.load(source, opened, opened.argument["pins"])
        return {"output": await self._documents.value(document), "documents": {source["uri"]: document.sha256}}
