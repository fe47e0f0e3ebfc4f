"""Packs a skill directory: the same files give the same zip, and nothing goes in that was not meant to."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from stigmer_api.skills import SKILL_FILE, PackedFile, package_hash
from stigmer_cli.errors import UsageError

__all__ = ["IGNORED", "IGNORE_FILE", "Package", "pack"]

IGNORE_FILE = ".skillignore"

IGNORED = (
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".idea",
    ".vscode",
    ".DS_Store",
    "Thumbs.db",
    ".env",
    ".env.*",
    "*.pyc",
    "*.pyo",
    "*.swp",
    "*~",
    IGNORE_FILE,
)
"""Names of files and directories that never go into a skill: what tools leave, and where secrets lie."""

_TIME = (1980, 1, 1, 0, 0, 0)
_MOST_RATIO = 90  # the server takes a file that shrinks more than 100 times for a bomb: such a one goes in as it is
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"""^name:[ \t]*(["']?)(.+?)\1[ \t]*\r?$""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Package:
    """A packed skill: its name as far as it can be told, its version hash, the zip, and the paths inside."""

    name: str
    directory_name: str
    version_hash: str
    content: bytes
    paths: tuple[str, ...]


def pack(directory: str) -> Package:
    """Pack a directory that has a SKILL.md. Raises UsageError."""
    root = Path(directory).resolve()
    if not root.is_dir():
        raise UsageError(f"{directory} is no directory", hint="name the directory that has the SKILL.md")
    if not (root / SKILL_FILE).is_file():
        raise UsageError(
            f"{SKILL_FILE} not found in {directory}",
            hint=f"a skill directory has a file {SKILL_FILE} that says what the skill is for",
        )
    patterns = (*IGNORED, *_own_patterns(root))
    paths = sorted(_paths(root, root, patterns), key=str.encode)
    if SKILL_FILE not in paths:
        raise UsageError(f"{IGNORE_FILE} ignores {SKILL_FILE}")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        packed = [_add(archive, root, path) for path in paths]
    text = (root / SKILL_FILE).read_text(encoding="utf-8-sig", errors="replace")
    return Package(_name_in(text) or root.name, root.name, package_hash(packed), buffer.getvalue(), tuple(paths))


def _own_patterns(root: Path) -> list[str]:
    """The lines of .skillignore: names or relative paths with * and ?, as fnmatch reads them."""
    try:
        lines = (root / IGNORE_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    patterns = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("!"):
            raise UsageError(f"{IGNORE_FILE}:{number}: a pattern cannot be taken back with !")
        if text and not text.startswith("#"):
            patterns.append(text.strip("/"))
    return patterns


def _paths(root: Path, directory: Path, patterns: tuple[str, ...]) -> Iterator[str]:
    with os.scandir(directory) as listed:
        entries = list(listed)
    for entry in entries:
        path = Path(entry.path).relative_to(root).as_posix()
        if any(fnmatchcase(entry.name, pattern) or fnmatchcase(path, pattern) for pattern in patterns):
            continue
        _refuse_unreadable_name(path)
        if entry.is_symlink():
            raise UsageError(
                f"{path} is a symbolic link, which a skill cannot have",
                hint=f"put a copy in its place, or name it in {IGNORE_FILE}",
            )
        if entry.is_dir():
            yield from _paths(root, Path(entry.path), patterns)
        elif entry.is_file():
            yield path
        else:
            raise UsageError(f"{path} is neither a file nor a directory", hint=f"name it in {IGNORE_FILE}")


def _refuse_unreadable_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{os.fsencode(path)!r} is a file name that is not UTF-8", hint="rename it") from error


def _add(archive: zipfile.ZipFile, root: Path, path: str) -> PackedFile:
    file = root / path
    content = file.read_bytes()
    executable = bool(file.stat().st_mode & stat.S_IXUSR)
    info = zipfile.ZipInfo(path, _TIME)
    info.create_system = 3  # Unix, whatever this machine is: it says that the bits below mean something
    info.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
    small = len(zlib.compress(content, 6)) * _MOST_RATIO < len(content)
    info.compress_type = zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED
    archive.writestr(info, content)
    return PackedFile(path, executable, hashlib.sha256(content).hexdigest())


def _name_in(text: str) -> str:
    """The name in the front matter; what it really is, the server decides."""
    matter = _FRONT_MATTER.match(text)
    found = _NAME.search(matter[1]) if matter else None
    return found[2] if found else ""
