"""A workspace with folders of other places in it, which can be read and not changed: the skills of an agent."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from stigmer_agent_runner.errors import ToolError
from stigmer_agent_runner.tools.workspace import Entry, Workspace, parts_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["MountedWorkspace"]


class MountedWorkspace(Workspace):
    """The folder `root`, where `/{at}/{name}` stands for each of `mounts`.

    What the folder itself has under that name is hidden. Walks that start above `/{at}` do not go into it: what others
    wrote is found when it is asked for.
    """

    def __init__(self, root: Path, at: str, mounts: Mapping[str, Path]) -> None:
        super().__init__(root)
        self._at = at
        self._mounts = {name: Workspace(path) for name, path in mounts.items()}

    def read(self, path: str) -> str:
        """See Workspace."""
        parts = parts_of(path)
        return super().read(path) if not self._is_ours(parts) else self._mount(parts).read(shown(parts[2:]))

    def write(self, path: str, content: str) -> int:
        """See Workspace."""
        if self._is_ours(parts_of(path)):
            raise ToolError(f"{path!r} cannot be written: everything below /{self._at} is read-only")
        return super().write(path, content)

    def list(self, path: str = "/") -> list[Entry]:
        """See Workspace."""
        parts = parts_of(path)
        if not parts:
            own = [entry for entry in super().list("/") if entry.path != f"/{self._at}"]
            return sorted([*own, Entry(f"/{self._at}", True, 0, 0.0)], key=lambda entry: entry.path)
        if parts == (self._at,):
            return [Entry(f"/{self._at}/{name}", True, 0, 0.0) for name in sorted(self._mounts)]
        if not self._is_ours(parts):
            return super().list(path)
        return [self._seen(parts[1], entry) for entry in self._mount(parts).list(shown(parts[2:]))]

    def walk(self, path: str = "/") -> Iterator[Entry]:
        """See Workspace."""
        parts = parts_of(path)
        if not self._is_ours(parts):
            yield from (entry for entry in super().walk(path) if not self._is_ours(parts_of(entry.path)))
            return
        for name in sorted(self._mounts) if len(parts) == 1 else (parts[1],):
            for entry in self._mount((self._at, name)).walk(shown(parts[2:])):
                yield self._seen(name, entry)

    def _is_ours(self, parts: tuple[str, ...]) -> bool:
        return parts[:1] == (self._at,)

    def _mount(self, parts: tuple[str, ...]) -> Workspace:
        if len(parts) == 1:
            raise ToolError(f"/{self._at} is a folder; list it with ls")
        found = self._mounts.get(parts[1])
        if found is None:
            raise ToolError(f"{shown(parts)} does not exist; there are {', '.join(sorted(self._mounts))}")
        return found

    def _seen(self, name: str, entry: Entry) -> Entry:
        return dataclasses.replace(entry, path=f"/{self._at}/{name}{entry.path}")
