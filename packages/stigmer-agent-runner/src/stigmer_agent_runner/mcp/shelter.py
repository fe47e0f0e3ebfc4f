"""Where the process of an MCP server runs: its sandbox, its folders, and what it may do with those of the session."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stigmer_agent_runner.mcp.config import ServerConfig, StdioTarget
from stigmer_agent_runner.mcp.remote import McpError
from stigmer_agent_runner.sandbox.active import active
from stigmer_agent_runner.sandbox.program import Program, confinement
from stigmer_api.sandbox import AUTO, NONE

if TYPE_CHECKING:
    from stigmer_agent_runner.mcp.connection import Limits

__all__ = ["ENVIRONMENT", "Shelter", "hint", "launch_path", "shelter_for"]

ENVIRONMENT = "STIGMER_SERVER_ENVIRONMENT"
"""The variable in which launch.py finds those of the server."""


@dataclass(frozen=True, slots=True)
class Shelter:
    """What a process is started with. command: its whole path. confinement: JSON for launch.py."""

    command: str = ""
    cwd: Path = Path("/")
    confinement: str = ""


def shelter_for(config: ServerConfig, workspace: Path, limits: Limits) -> Shelter:
    """Return the shelter of a server, its folders made. Blocks. Raises McpError when there is no sandbox for it."""
    target = config.target
    if not isinstance(target, StdioTarget):
        return Shelter()
    choice = active(AUTO if limits.sandbox == NONE else limits.sandbox)  # none is about the shell of agents
    if choice.kind == NONE:
        raise McpError(
            f"{config.where} is a process, which runs in a sandbox only, and there is none here ({choice.reason});"
            " install bubblewrap, reach the server over http, or set agent.sandbox: unsafe",
            kind="mcp_no_sandbox",
        )
    home = _home(config, workspace, limits.home)
    given = [str(workspace)] if target.access != "none" else []
    cwd = Path(target.working_dir) if target.working_dir else workspace if given else home
    program = Program(
        command=shutil.which(target.command, path=target.environment.get("PATH")) or target.command,
        args=target.args,
        home=home,
        cwd=cwd,
        read=(*([target.working_dir] if target.working_dir else []), *given, *target.read),
        write=(*(given if target.access == "write" else []), *target.write),
        network=target.network,
    )
    described = confinement(choice, program, limits.home or workspace.parent)
    return Shelter(program.command, cwd, json.dumps(described))


def _home(config: ServerConfig, workspace: Path, home: Path | None) -> Path:
    """A folder that stays: what a server fetches once it need not fetch again. It belongs to one server."""
    folder = (home / "data" / "mcp" if home is not None else workspace.parent / "mcp") / config.id
    (folder / "tmp").mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def hint(config: ServerConfig) -> str:
    """A word on the sandbox, for a server that does not start in it."""
    target = config.target
    if not isinstance(target, StdioTarget):
        return ""
    network = "" if target.network else " without network"
    return f" (it runs in a sandbox{network}: spec.stdio.network, workspace, read_paths and write_paths give more)"


def launch_path() -> str:
    """The program that confines and watches a server."""
    return str(Path(__file__).with_name("launch.py"))
