"""Runs containers by the command line of docker or podman, whichever is there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.processes import INHERITED, Ended, Program, run_program
from stigmer_workflow_runner.errors import error_object
from stigmer_workflow_runner.requests import texts

COMMANDS: Final = ("docker", "podman")
_PULL: Final = {"ifNotPresent": "missing", "always": "always", "never": "never"}
_OF_THE_COMMAND: Final = ("HOME", "DOCKER_", "CONTAINER", "XDG_RUNTIME_DIR")
"""Beginnings of the names of variables that the command line itself needs; the container does not get them."""
_UNABLE: Final = 125
"""Exit code of both when they could not run the container at all."""


class Containers:
    """`command` names the command line to use; empty: the first of docker and podman that is there."""

    def __init__(self, command: str = "") -> None:
        self._command = command
        self._removals: set[asyncio.Task[None]] = set()

    async def run(
        self,
        argument: Mapping[str, Any],
        given: tuple[list[str], dict[str, str], bytes],
        directory: Path,
        max_bytes: int,
    ) -> Ended:
        """Run a container to its end. When this is cancelled, it is killed.

        `given` are the arguments, the environment and the standard input.
        """
        command = self._found()
        words, environment, stdin = given
        name = str(argument["fields"].get("name") or f"stigmer-{argument['key']}")
        own = {key: value for key, value in os.environ.items() if key.startswith(_OF_THE_COMMAND)}
        options = [*_options(argument, name), *_environment(environment, own)]
        asked = argument["fields"].get("command")
        inner = ["/bin/sh", "-c", str(asked), "sh", *words] if asked else words
        line = [command, "run", *options, str(argument["fields"]["image"]), *inner]
        program = Program("run container", line, directory, {**environment, **own}, stdin)
        if "name" not in argument["fields"] and activity.in_activity() and activity.info().attempt > 1:
            await _quietly([command, "rm", "--force", name])  # what an earlier attempt may have left
        done = False
        try:
            ended = await run_program(program, max_bytes)
            done = True
        finally:
            if not done:
                await _quietly([command, "rm", "--force", name])
        if ended.code == _UNABLE:
            detail = f"{Path(command).name} could not run the container: {ended.stderr.strip()[-2000:]}"
            raise failure(error_object("configuration", detail))
        if argument["cleanup"] == "eventually":
            self._remove_later(command, name, float(argument["keep"]))
        return ended

    def _found(self) -> str:
        for name in (self._command,) if self._command else COMMANDS:
            found = shutil.which(name)
            if found is not None:
                return found
        wanted = self._command or " nor ".join(COMMANDS)
        detail = (
            f"there is no {wanted} on this runner to run containers with: install one, or name another command line "
            "that understands theirs as workflow_runner.container_command"
        )
        raise failure(error_object("configuration", detail))

    def _remove_later(self, command: str, name: str, seconds: float) -> None:
        """Remove the container after a while, if this process lives that long."""

        async def later() -> None:
            await asyncio.sleep(seconds)
            await _quietly([command, "rm", "--force", name])

        task = asyncio.create_task(later())
        self._removals.add(task)
        task.add_done_callback(self._removals.discard)


def _options(argument: Mapping[str, Any], name: str) -> list[str]:
    fields = argument["fields"]
    options = ["--interactive", "--name", name, "--pull", _PULL[argument["pull"]]]
    if argument["cleanup"] == "always":
        options.append("--rm")
    for outside, inside in _pairs(fields, "ports"):
        options += ["--publish", f"{outside}:{inside}"]
    for outside, inside in _pairs(fields, "volumes"):
        options += ["--volume", f"{outside}:{inside}"]
    return options


def _environment(asked: Mapping[str, str], own: Mapping[str, str]) -> list[str]:
    """Options that hand on variables by name, so that no other process sees their values in the command line."""
    taken = {*own, *INHERITED}
    return [part for key, value in asked.items() for part in ("--env", f"{key}={value}" if key in taken else key)]


def _pairs(fields: Mapping[str, Json], key: str) -> list[tuple[str, str]]:
    return list(texts(fields.get(key) or {}, key).items())


async def _quietly(line: list[str]) -> None:
    """Run a command for its effect; whether it works does not matter any more."""
    with contextlib.suppress(OSError):
        process = await asyncio.create_subprocess_exec(
            *line,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await process.wait()
