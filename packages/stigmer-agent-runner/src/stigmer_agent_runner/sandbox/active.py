"""The sandbox in force in this process, found out once, and what a model is told about it."""

from __future__ import annotations

import threading

from stigmer_agent_runner.sandbox.job import ShellAccess
from stigmer_api.sandbox import BUBBLEWRAP, LANDLOCK, NONE, UNSAFE, Choice, choose

__all__ = ["active", "surroundings"]

_lock = threading.Lock()
_found: dict[str, Choice] = {}


def active(setting: str) -> Choice:
    """Return the sandbox for a value of `agent.sandbox`. Blocks for some milliseconds until one has been found."""
    with _lock:
        choice = _found.get(setting) or choose(setting)
        if choice.kind != NONE:
            _found[setting] = choice  # while there is none it is looked for again: somebody may install one
        return choice


_NO_SHELL = (
    "You have file tools. Their root `/` is your workspace, which stays for the whole conversation."
    " There is no shell and no network."
)
_FILES = (
    "You have file tools. Their root `/` is your workspace, which stays for the whole conversation;"
    " what they see as `/notes.txt` is `notes.txt` in the folder that commands start in."
)
_ISOLATED = (
    "The tool `execute` runs shell commands there, in a sandbox: they see the workspace, the system's programs and no"
    " other files, have no access to other processes, and are ended with everything they started when they return."
)
_BY_KIND = {
    BUBBLEWRAP: _ISOLATED,
    LANDLOCK: f"{_ISOLATED} Temporary files belong into $TMPDIR: /tmp is closed.",
    UNSAFE: (
        "The tool `execute` runs shell commands there WITHOUT a sandbox, with the rights of the user who runs this"
        " machine: what they change outside the workspace, they change for real. Take care."
    ),
}
_SKILLS = " For commands the skills lie in $SKILLS, one folder for each."


def surroundings(choice: Choice, access: ShellAccess, *, skills: bool = False) -> str:
    """Return the paragraph of the system prompt that says what is really there."""
    if not access.enabled or choice.kind == NONE:
        return _NO_SHELL
    network = " They can reach the network." if access.network else " They have no network."
    if choice.kind == UNSAFE:
        network = ""
    names = f" Variables of their environment: {', '.join(sorted(access.variables))}." if access.variables else ""
    return f"{_FILES} {_BY_KIND[choice.kind]}{network}{names}{_SKILLS if skills else ''}"
