"""The file tools: ls, read_file, write_file, edit_file, glob and grep over one workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from stigmer_agent_runner.abilities import SKILLS_ROOT
from stigmer_agent_runner.errors import ToolError
from stigmer_agent_runner.redaction import NOTHING, Redactor
from stigmer_agent_runner.tools.mounts import MountedWorkspace
from stigmer_agent_runner.tools.patterns import matcher
from stigmer_agent_runner.tools.workspace import Entry, Workspace, parts_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from stigmer_agent_runner.engine.protocol import Segment

_log = structlog.get_logger(__name__)

MAX_MATCHES = 1000
"""Matches that grep returns when the caller names no other number."""


@dataclass(frozen=True, slots=True)
class Match:
    """One line that holds the pattern; `line` counts from 1."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Matches:
    """Matches of grep; `truncated`: there are more."""

    found: tuple[Match, ...]
    truncated: bool


class FileTools:
    """The operations, each logged once when it is done. They block: call them in a thread. All raise ToolError."""

    def __init__(self, root: Path, skills: Mapping[str, Path] | None = None, redactor: Redactor = NOTHING) -> None:
        """`skills`: folders that are seen, and only read, below SKILLS_ROOT by their names. `redactor`: takes secrets
        that a command wrote to a file out of what is read."""
        self._redactor = redactor
        self._workspace = MountedWorkspace(root, SKILLS_ROOT.strip("/"), skills) if skills else Workspace(root)

    @classmethod
    def of(cls, segment: Segment) -> FileTools:
        """The file tools of a segment: its workspace and its agent's skills, without its secrets."""
        skills = {skill.name: skill.root for skill in segment.abilities.skills}
        return cls(segment.paths.workspace, skills, segment.redactor)

    def ls(self, path: str = "/") -> list[Entry]:
        """Return the entries of a folder."""
        entries = self._workspace.list(path)
        self._done("ls", path)
        return entries

    def read_file(self, path: str) -> str:
        """Return the whole text of a file."""
        text = self._workspace.read(path)
        self._done("read_file", path)
        return self._redactor.text(text)

    def write_file(self, path: str, content: str) -> int:
        """Create or replace a file and return its size in bytes."""
        size = self._workspace.write(path, content)
        self._done("write_file", path)
        return size

    def edit_file(self, path: str, old: str, new: str, *, replace_all: bool = False) -> int:
        """Replace `old` by `new` and return how often; without `replace_all` it must occur exactly once."""
        if not old:
            raise ToolError("old_string is empty; give the exact text to replace")
        if old == new:
            raise ToolError("old_string and new_string are the same; nothing would change")
        text = self._workspace.read(path)
        count = text.count(old)
        if count == 0:
            raise ToolError(f"{path} does not hold that text; read the file and copy it exactly")
        if count > 1 and not replace_all:
            raise ToolError(f"{path} holds that text {count} times; give more of its surroundings or set replace_all")
        self._workspace.write(path, text.replace(old, new))
        self._done("edit_file", path)
        return count

    def glob(self, pattern: str, path: str = "/") -> list[Entry]:
        """Return the files below `path` whose path matches."""
        found = list(self._matching(pattern, path))
        self._done("glob", path)
        return found

    def grep(self, pattern: str, path: str = "/", glob: str | None = None, max_count: int | None = None) -> Matches:
        """Return the lines that hold `pattern` (plain text, no regular expression), in files that match `glob`."""
        if not pattern:
            raise ToolError("the pattern is empty; give the text to look for")
        limit = MAX_MATCHES if max_count is None else max(0, max_count)
        found: list[Match] = []
        for match in self._grep(pattern, path, glob):
            if len(found) == limit:
                return Matches(tuple(found), truncated=True)
            found.append(match)
        self._done("grep", path)
        return Matches(tuple(found), truncated=False)

    def _grep(self, pattern: str, path: str, glob: str | None) -> Iterator[Match]:
        for entry in self._candidates(glob, path):
            try:
                text = self._workspace.read(entry.path)
            except ToolError:
                continue  # too large, not a text or gone meanwhile: a search passes over it
            for number, line in enumerate(self._redactor.text(text).splitlines(), start=1):
                if pattern in line:
                    yield Match(entry.path, number, line)

    def _candidates(self, glob: str | None, path: str) -> Iterator[Entry]:
        parts = parts_of(path)
        if parts and not self._is_folder(parts):
            parent = shown(parts[:-1])
            yield from (entry for entry in self._workspace.list(parent) if entry.path == shown(parts))
            return
        yield from self._matching(glob, path) if glob else self._workspace.walk(path)

    def _is_folder(self, parts: tuple[str, ...]) -> bool:
        for entry in self._workspace.list(shown(parts[:-1])):
            if entry.path == shown(parts):
                return entry.is_dir
        raise ToolError(f"{shown(parts)} does not exist")

    def _matching(self, pattern: str, path: str) -> Iterator[Entry]:
        fits = matcher(pattern)
        base = shown(parts_of(path)).rstrip("/") + "/"
        for entry in self._workspace.walk(path):
            if fits(entry.path.removeprefix(base)):
                yield entry

    def _done(self, tool: str, path: str) -> None:
        _log.info("file tool done", tool=tool, path=path)
