"""Reads the log files of the components: the last lines, and what is appended, across rotation."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = 64 * 1024
POLL_SECONDS = 0.2
SCANNED_LINES = 20_000
"""How far back the lines of one execution are looked for."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]?\d*")


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a file, oldest first, reading no more of it than needed; none when it is absent."""
    if count <= 0:
        return []
    try:
        with path.open("rb") as file:
            position = file.seek(0, os.SEEK_END)
            data = b""
            while position > 0 and data.count(b"\n") <= count:
                step = min(BLOCK, position)
                position = file.seek(position - step)
                data = file.read(step) + data
    except FileNotFoundError:
        return []
    return data.decode("utf-8", errors="replace").splitlines()[-count:]


def recent(paths: dict[str, Path], wanted: Callable[[str], bool], count: int) -> list[tuple[str, str]]:
    """Return the last `count` wanted lines of all files as (name, line), in the order of the times they carry."""
    found: list[tuple[str, str, str]] = []
    for name, path in paths.items():
        time_of_line = ""
        for line in last_lines(path, max(count, SCANNED_LINES) if count else 0):
            time_of_line = moment(line) or time_of_line  # lines without a time belong to the one before
            if wanted(line):
                found.append((time_of_line, name, line))
    found.sort(key=lambda item: item[0])
    return [(name, line) for _, name, line in found][-count:]


def moment(line: str) -> str:
    """Return the time in a log line as comparable text, or an empty text: lines without one keep their place."""
    found = _TIME.search(line)
    return found[0].replace(" ", "T") if found else ""


@dataclass(slots=True)
class Follower:
    """Reads what is appended to one file; goes on with the new file after rotation or truncation."""

    path: Path
    position: int = 0
    inode: int = 0
    _partial: bytes = field(default=b"")

    @classmethod
    def at_end(cls, path: Path) -> Follower:
        """Start behind what the file holds now."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return cls(path)
        return cls(path, found.st_size, found.st_ino)

    def read(self) -> list[str]:
        """Return the whole lines that came since the last call."""
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self.inode or found.st_size < self.position:
                    self.inode, self.position, self._partial = found.st_ino, 0, b""
                file.seek(self.position)
                data = self._partial + file.read()
                self.position = file.tell()
        except FileNotFoundError:
            return []
        *lines, self._partial = data.split(b"\n")
        return [line.decode("utf-8", errors="replace") for line in lines]


def follow(paths: dict[str, Path], wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """Yield (name, line) as lines that are wanted appear; never ends by itself."""
    followers = {name: Follower.at_end(path) for name, path in paths.items()}
    while True:
        for name, follower in followers.items():
            for line in follower.read():
                if wanted(line):
                    yield name, line
        time.sleep(POLL_SECONDS)
