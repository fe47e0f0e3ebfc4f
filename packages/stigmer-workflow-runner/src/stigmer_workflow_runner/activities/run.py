"""The activity of `run: script`, `run: shell` and `run: container`.

Like every call it happens at least once: only when its worker is lost is a process run again.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.containers import Containers
from stigmer_workflow_runner.activities.documents import Documents
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.processes import Ended, Program, run_program
from stigmer_workflow_runner.activities.world import Opened, World
from stigmer_workflow_runner.errors import error_object, fault
from stigmer_workflow_runner.outbound import plain
from stigmer_workflow_runner.requests import texts

TOLD: Final = 2_000
_log = structlog.get_logger("stigmer.run")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What this runner runs, and with what: see `Settings`."""

    scripts: bool = True
    shell: bool = True
    containers: bool = True
    python: str = ""
    node: str = "node"
    container_command: str = ""
    max_bytes: int = 16 * 1024 * 1024


class Processes:
    """The activity. `close` ends the processes that nobody waits for."""

    def __init__(self, world: World, documents: Documents, allowed: Allowed | None = None) -> None:
        self._world, self._documents = world, documents
        self._allowed = allowed or Allowed()
        self._containers = Containers(self._allowed.container_command)
        self._behind: set[asyncio.Task[None]] = set()

    @activity.defn(name="run_process")
    async def call(self, argument: dict[str, Any]) -> Any:
        """`{output, documents}`; output is what `return` says, null for a process that nobody waits for."""
        return await self._world.run(argument, f"run {argument['kind']}", self._call)

    async def close(self) -> None:
        """Kill what still runs."""
        for task in self._behind:
            task.cancel()
        await asyncio.gather(*self._behind, return_exceptions=True)

    async def _call(self, opened: Opened) -> Json:
        opened.authorize(None)
        argument = opened.argument
        self._check(argument["kind"])
        code, pins = await self._code(opened)
        if argument["wait"]:
            ended = await self._run(argument, code)
            return {"output": _shaped(argument["kind"], argument["returns"], ended), "documents": pins}
        task = asyncio.create_task(self._unattended(argument, code))
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)
        return {"output": None, "documents": pins}

    def _check(self, kind: str) -> None:
        allowed = self._allowed
        flags = {"script": allowed.scripts, "shell": allowed.shell, "container": allowed.containers}
        if not flags[kind]:
            name = kind if kind == "shell" else f"{kind}s"
            detail = f"this runner does not do run: {kind}: the setting workflow_runner.{name} is off"
            raise failure(error_object("authorization", detail))

    async def _code(self, opened: Opened) -> tuple[str, dict[str, str]]:
        """The code of a script, and the hash of the document that it was read from."""
        source = opened.argument["source"]
        if source is None:
            return plain(opened.argument["fields"].get("code", "")), {}
        document = await self._documents.load(source, opened, opened.argument["pins"])
        return document.text, {source["uri"]: document.sha256}

    async def _unattended(self, argument: dict[str, Any], code: str) -> None:
        """Run it beside everything else; how it went is in the runner's log only."""
        try:
            async with asyncio.timeout(argument["timeout"]):
                ended = await self._run(argument, code)
        except (ApplicationError, TimeoutError, OSError) as error:
            _log.warning("a process that nobody waits for failed", kind=argument["kind"], error=str(error))
        else:
            _log.info("a process that nobody waits for ended", kind=argument["kind"], code=ended.code)

    async def _run(self, argument: dict[str, Any], code: str) -> Ended:
        directory = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="stigmer-run-"))
        try:
            fields = argument["fields"]
            words = [_text(item) for item in _list(fields.get("arguments"))]
            environment = texts(fields.get("environment") or {}, "environment")
            stdin = _text(fields.get("stdin")).encode()
            label = f"run {argument['kind']}"
            if argument["kind"] == "container":
                return await self._containers.run(
                    argument, (words, environment, stdin), directory, self._allowed.max_bytes
                )
            build: Callable[..., list[str]] = _shell if argument["kind"] == "shell" else self._script
            command = build(argument, code, directory)
            program = Program(label, [*command, *words], directory, environment, stdin)
            return await run_program(program, self._allowed.max_bytes)
        finally:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    def _script(self, argument: Mapping[str, Any], code: str, directory: Path) -> list[str]:
        if argument["language"] == "python":
            interpreter, name = self._allowed.python or sys.executable, "script.py"
        else:
            interpreter, name = self._allowed.node, "script.mjs"
        found = shutil.which(interpreter)
        if found is None:
            setting = "python" if name == "script.py" else "node"
            detail = f"there is no {interpreter!r} to run the script: install it, or set workflow_runner.{setting}"
            raise failure(error_object("configuration", detail))
        path = directory / name
        path.write_text(code, "utf-8")
        return [found, str(path)]


def _shell(argument: Mapping[str, Any], _code: str, _directory: Path) -> list[str]:
    """The command is a script of the shell; the arguments are `$1` and so on."""
    return ["/bin/sh", "-c", _text(argument["fields"]["command"]), "sh"]


def _text(value: Json) -> str:
    """Text as it is, nothing for null, everything else as JSON."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _list(value: Json) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise fault("expression", "arguments must give a list")
    return value


def _shaped(kind: str, returns: str, ended: Ended) -> Json:
    """What `return` says. Who asks for the code judges it; for all others one that is not 0 is an error."""
    if returns == "code":
        return ended.code
    if returns == "all":
        return {"code": ended.code, "stdout": ended.stdout, "stderr": ended.stderr}
    if ended.code != 0:
        said = (ended.stderr.strip() or ended.stdout.strip())[-TOLD:]
        detail = f"run {kind} ended with code {ended.code}" + (f": {said}" if said else "")
        raise failure(error_object("runtime", detail, title="Process failed"))
    return {"stdout": ended.stdout, "stderr": ended.stderr, "none": None}[returns]
