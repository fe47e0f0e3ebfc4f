"""Reads functions that are documents of their own: behind a URL, or in a catalog."""

from __future__ import annotations

import re
from typing import Any, Final

from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.documents import Documents
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.world import Opened, World
from stigmer_workflow_runner.errors import error_object

_GITHUB = re.compile(r"https://github\.com/([^/]+/[^/]+)/(?:tree|blob)/(.+)")
_GITLAB = re.compile(r"(https://gitlab\.com/.+)/-/(?:tree|blob)/(.+)")
KINDS: Final = ("call", "for", "do", "emit", "fork", "listen", "raise", "run", "set", "switch", "try", "wait")


class Functions:
    """The activity that reads a function. `default_catalog` is the root of the catalog named `default`."""

    def __init__(self, world: World, documents: Documents, default_catalog: str = "") -> None:
        self._world, self._documents, self._default = world, documents, default_catalog

    @activity.defn(name="load_function")
    async def load(self, argument: dict[str, Any]) -> Any:
        """`{output, documents}`: output is the function's task as JSON."""
        return await self._world.run(argument, f"reading the function {argument['name']}", self._read)

    async def _read(self, opened: Opened) -> Json:
        argument = opened.argument
        source = argument["source"] or {"uri": self._default, "authentication": None}
        if not source["uri"]:
            detail = "this runner has no default catalog: set workflow_runner.default_catalog, or declare a catalog"
            raise failure(error_object("configuration", detail))
        root = raw_url(str(source["uri"]))
        uri = f"{root.rstrip('/')}/{argument['within']}" if argument["within"] else root
        document = await self._documents.load({**source, "uri": uri}, opened, argument["pins"])
        value = await self._documents.value(document)
        if isinstance(value, dict) and not any(kind in value for kind in KINDS) and len(value) == 1:
            [value] = value.values()  # a function may be written under its name
        if not isinstance(value, dict):
            detail = f"{uri} is no function: it must be an object with one of {', '.join(KINDS)}"
            raise failure(error_object("configuration", detail))
        return {"output": value, "documents": {uri: document.sha256}}


def raw_url(uri: str) -> str:
    """Where the files are that a page of GitHub or GitLab shows."""
    match = _GITHUB.fullmatch(uri)
    if match:
        return f"https://raw.githubusercontent.com/{match.group(1)}/{match.group(2)}"
    match = _GITLAB.fullmatch(uri)
    return f"{match.group(1)}/-/raw/{match.group(2)}" if match else uri
