"""What a program that stays, such as an MCP server, may see: the system, itself, what is declared, and nothing else.

Other than commands it keeps the real names of its files, because its arguments and answers hold them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stigmer_agent_runner.sandbox import places
from stigmer_api.sandbox import BUBBLEWRAP, LANDLOCK, UNSAFE, Choice

__all__ = ["Program", "confinement"]

_PREFIXES = frozenset({"bin", "sbin", ".bin", "shims"})
"""Folders of programs whose parent holds what they need."""

_MOST_LINKS = 16


@dataclass(frozen=True, slots=True)
class Program:
    """One program. command: its whole path. home: a folder of its own, HOME and TMPDIR. cwd: where it starts.

    read and write: files and folders that it may read, or also change. network: whether it may reach the network.
    """

    command: str
    args: tuple[str, ...]
    home: Path
    cwd: Path
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    network: bool = False


def confinement(choice: Choice, program: Program, private: Path) -> dict[str, Any]:
    """What mcp/launch.py must know to confine a program; nothing secret is in it.

    private: a folder that no guess at what a program needs may open, the home of Stigmer.
    """
    temporary = program.home / "tmp"
    described: dict[str, Any] = {"kind": choice.kind, "program": choice.path, "network": program.network}
    if choice.kind == UNSAFE:
        return described
    described["home"], described["temporary"] = str(program.home), str(temporary)
    read = [*_own_files(Path(program.command), (Path.home(), private)), *_named(program.args), *program.read]
    write = [str(program.home), *program.write]
    if choice.kind == BUBBLEWRAP:
        described["bubblewrap"] = _bubblewrap(program, read, write)
    elif choice.kind == LANDLOCK:
        links = [path for path, _ in places.system_links()]
        network_files = places.NETWORK_FILES if program.network else ()
        described["read"] = [*places.SYSTEM_FOLDERS, *places.SYSTEM_FILES, *links, *network_files, *read]
        described["write"] = write
        described["devices"] = list(places.DEVICES)
    return described


def _bubblewrap(program: Program, read: Iterable[str], write: Iterable[str]) -> list[str]:
    arguments = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox"]
    arguments += ["--share-net"] if program.network else []
    for path in places.SYSTEM_FOLDERS:
        arguments += ["--ro-bind-try", path, path]
    for path, target in places.system_links():
        arguments += ["--ro-bind", path, path] if target is None else ["--symlink", target, path]
    for path in (*places.SYSTEM_FILES, *(places.NETWORK_FILES if program.network else ())):
        arguments += ["--ro-bind-try", os.path.realpath(path), path]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - the sandbox's own
    open_ = [Path(path) for path in write]
    only_read = [path for path in read if not any(Path(path).is_relative_to(folder) for folder in open_)]
    mounts = dict.fromkeys(only_read, "--ro-bind-try") | dict.fromkeys(write, "--bind-try")
    for path in sorted(mounts, key=lambda item: len(Path(item).parts)):  # a folder before what is in it
        if not any(path == system or path.startswith(f"{system}/") for system in places.SYSTEM_FOLDERS):
            arguments += [mounts[path], path, path]
    return [*arguments, "--remount-ro", "/", "--chdir", str(program.cwd)]


def _named(args: Iterable[str]) -> Iterator[str]:
    """Files and folders that arguments name by their whole path: whoever wrote them there wants them read."""
    for arg in args:
        path = arg.rpartition("=")[2]
        if path.startswith("/") and path != "/" and Path(path).exists():
            yield path
            yield os.path.realpath(path)


def _own_files(command: Path, private: tuple[Path, ...]) -> list[str]:
    """The folders of a program: those of its links one after the other, and of what runs it when it is a script."""
    found: dict[str, None] = {}
    for path in _links(command):
        for own in _folder_of(path, private):
            found[own] = None
    runs = _interpreter(command)
    if runs is not None and runs != command:
        found.update(dict.fromkeys(_own_files(runs, private)))
    return list(found)


def _links(path: Path) -> Iterator[Path]:
    for _ in range(_MOST_LINKS):
        yield path
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
    yield Path(os.path.realpath(path))


def _folder_of(path: Path, private: tuple[Path, ...]) -> list[str]:
    folder = path.parent.parent if path.parent.name in _PREFIXES else path.parent
    if folder.name == ".local":  # of a user's own programs; beside their libraries lies what is nobody's business
        return [str(path), str(folder / "lib")]
    if any(home.is_relative_to(folder) for home in private):
        return [str(path)]
    return [str(folder)]


def _interpreter(command: Path) -> Path | None:
    try:
        with command.open("rb") as file:
            first = file.readline(512)
    except OSError:
        return None
    words = first[2:].decode(errors="replace").split() if first.startswith(b"#!") else []
    if words and Path(words[0]).name == "env":
        words = [shutil.which(word) or "" for word in words[1:] if not word.startswith("-") and "=" not in word]
    return Path(words[0]) if words and words[0] else None
