"""A folder that is the whole world of the file tools: opens, lists and replaces files without ever leaving it.

Every path component is opened relative to its parent with O_NOFOLLOW, so that neither `..` nor a symbolic link leads
out, whoever changes the folder meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stigmer_agent_runner.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_FILE_BYTES = 5 * 1024 * 1024
"""Largest file that a tool reads or writes: more does not fit a model's context anyway."""

MAX_WALK_ENTRIES = 20_000
"""Entries that glob and grep visit before they stop and say so."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder. path: absolute inside the workspace ("/notes/a.txt"). size in bytes, modified in seconds."""

    path: str
    is_dir: bool
    size: int
    modified: float


def parts_of(path: str) -> tuple[str, ...]:
    """Split a path as models write it ("/a/b", "a/b", "./a"); ToolError when it leads out of the workspace."""
    if "\0" in path:
        raise ToolError("the path holds a NUL character")
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise ToolError(f"{path!r} leads out of the workspace; paths start at its root '/'")
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return tuple(parts)


def shown(parts: tuple[str, ...]) -> str:
    """The path as results show it."""
    return "/" + "/".join(parts)


class Workspace:
    """The folder `root`. Methods block on the disk: call them in a thread. All raise ToolError."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> str:
        """Return the text of a file."""
        data = self.read_bytes(path)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ToolError(f"{shown(parts_of(path))} is not a UTF-8 text file") from error

    def read_bytes(self, path: str) -> bytes:
        """Return the content of a file."""
        parts = parts_of(path)
        with self._folder(parts[:-1]) as folder, _explained(path):
            handle = os.open(_name(parts), _FILE, dir_fd=folder)
            try:
                _require_file(os.fstat(handle).st_mode, shown(parts))
                with open(handle, "rb", closefd=False) as file:
                    data = file.read(MAX_FILE_BYTES + 1)
            finally:
                os.close(handle)
        if len(data) > MAX_FILE_BYTES:
            raise ToolError(f"{shown(parts)} is larger than {MAX_FILE_BYTES} bytes; search it with grep")
        return data

    def write(self, path: str, content: str) -> int:
        """Create or replace a file, with its folders; return its size in bytes. Readers see old or new, never half."""
        data = content.encode("utf-8", errors="replace")
        if len(data) > MAX_FILE_BYTES:
            raise ToolError(f"{len(data)} bytes are more than the {MAX_FILE_BYTES} that a file may have; split it")
        return self.write_bytes(path, data)

    def write_bytes(self, path: str, data: bytes) -> int:
        """Create or replace a file of any size, with its folders; return its size."""
        parts = parts_of(path)
        with self._folder(parts[:-1], create=True) as folder, _explained(path):
            if _is_dir(_name(parts), folder):
                raise ToolError(f"{shown(parts)} is a folder; name a file")
            mode = _mode_of(_name(parts), folder)
            temporary = f".{secrets.token_hex(8)}.tmp"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                with open(os.open(temporary, flags, 0o600, dir_fd=folder), "wb") as file:  # noqa: PTH123 - the same
                    file.write(data)
                    os.fchmod(file.fileno(), mode)
                os.replace(temporary, _name(parts), src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise
        return len(data)

    def list(self, path: str = "/") -> list[Entry]:
        """Return the entries of a folder, ordered by name. Symbolic links are left out: no tool follows them."""
        parts = parts_of(path)
        with self._folder(parts) as folder:
            return _entries(folder, parts)

    def walk(self, path: str = "/") -> Iterator[Entry]:
        """Yield every regular file below a folder, in order; ToolError after MAX_WALK_ENTRIES entries."""
        seen = 0
        pending = [parts_of(path)]
        while pending:
            parts = pending.pop(0)
            with self._folder(parts) as folder:
                entries = _entries(folder, parts)
            seen += len(entries)
            if seen > MAX_WALK_ENTRIES:
                raise ToolError(f"more than {MAX_WALK_ENTRIES} entries below {path!r}; search in a smaller folder")
            yield from (entry for entry in entries if not entry.is_dir)
            pending.extend(parts_of(entry.path) for entry in entries if entry.is_dir)

    @contextlib.contextmanager
    def _folder(self, parts: tuple[str, ...], *, create: bool = False) -> Iterator[int]:
        with contextlib.ExitStack() as stack, _explained(shown(parts)):
            handle = os.open(self.root, _DIRECTORY)
            stack.callback(os.close, handle)
            for part in parts:
                if create:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o700, dir_fd=handle)
                handle = os.open(part, _DIRECTORY, dir_fd=handle)
                stack.callback(os.close, handle)
            yield handle


def _name(parts: tuple[str, ...]) -> str:
    if not parts:
        raise ToolError("'/' is the workspace itself; name a file in it")
    return parts[-1]


def _require_file(mode: int, path: str) -> None:
    if stat.S_ISDIR(mode):
        raise ToolError(f"{path} is a folder; list it with ls")
    if not stat.S_ISREG(mode):
        raise ToolError(f"{path} is not a regular file")


def _is_dir(name: str, folder: int) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _mode_of(name: str, folder: int) -> int:
    """The mode that a file keeps when it is replaced (a script stays executable), without rights for others."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return 0o600
    return 0o600 | (found & 0o100 if stat.S_ISREG(found) else 0)


def _entries(folder: int, parts: tuple[str, ...]) -> list[Entry]:
    found = []
    with os.scandir(folder) as scan:
        for item in scan:
            info = item.stat(follow_symlinks=False)
            is_dir = stat.S_ISDIR(info.st_mode)
            if is_dir or stat.S_ISREG(info.st_mode):
                found.append(Entry(shown((*parts, item.name)), is_dir, 0 if is_dir else info.st_size, info.st_mtime))
    return sorted(found, key=lambda entry: entry.path)


_REASONS = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "leads through a file or a symbolic link, which no tool follows",
    errno.ELOOP: "is a symbolic link, which no tool follows",
    errno.EACCES: "is not accessible",
    errno.EPERM: "is not accessible",
    errno.ENAMETOOLONG: "has a name that is too long",
    errno.ENOSPC: "cannot be written: the disk is full",
    errno.EROFS: "cannot be written: the disk is read-only",
    errno.ENXIO: "is not a regular file",
}


@contextlib.contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"failed: {error.strerror}")
        raise ToolError(f"{path} {reason}") from error
