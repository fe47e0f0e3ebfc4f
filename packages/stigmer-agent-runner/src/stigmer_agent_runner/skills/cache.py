"""Skills on this machine: `data/skills/<hash>`, unpacked once, read-only, and what is there is what was pushed."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from stigmer_agent_runner.abilities import Skill
from stigmer_agent_runner.errors import ResolveError
from stigmer_agent_runner.skills.package import PackageFile, read_package
from stigmer_agent_runner.skills.text import read_skill_text
from stigmer_api.errors import NotFound
from stigmer_api.skills import SKILL_FILE, PackedFile, package_hash

if TYPE_CHECKING:
    from stigmer_api._pb.ai.stigmer.agentic.skill.v1 import api_pb2 as skill_pb2

__all__ = ["Fetch", "SkillCache"]

_log = structlog.get_logger(__name__)

Fetch = Callable[[str], Awaitable[bytes]]
"""The zip file of a storage key."""


class SkillCache:
    """The skills below one folder. Several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def get(self, skill: skill_pb2.Skill, fetch: Fetch) -> Skill:
        """Return a skill, fetched when it is not here yet.

        ResolveError, kind `skill_hash_mismatch`: what the server sent, or what lies here, is not that version. Kind
        `skill_invalid`: it has no files, or they break the rules for packages.
        """
        slug, version = skill.metadata.slug or skill.spec.name, skill.status.version_hash
        if not version or not skill.status.artifact_storage_key:
            raise ResolveError(f"the skill {slug!r} has no package: push it again", kind="skill_invalid")
        root = self._folder / version
        if not root.is_dir():
            try:
                data = await fetch(skill.status.artifact_storage_key)
            except NotFound as error:
                text = f"the package of the skill {slug!r} is gone from the server: push it again"
                raise ResolveError(text, kind="skill_invalid") from error
            await asyncio.to_thread(self._unpack, slug, version, data)
        found = read_skill_text(await asyncio.to_thread(_verified_text, slug, version, root))
        return Skill(slug, skill.spec.description or found.description, version, root, found.body, found.always)

    def _unpack(self, slug: str, version: str, data: bytes) -> None:
        files = read_package(slug, data)
        actual = package_hash(PackedFile(file.path, file.executable, file.sha256) for file in files)
        if actual != version:
            raise _mismatch(slug, version, actual, "what the server sent")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._folder / f".{version[:16]}-{secrets.token_hex(6)}"
        try:
            for file in files:
                _write(temporary / file.path, file)
            _close_folders(temporary)
            temporary.rename(self._folder / version)
        except OSError as error:
            if not (self._folder / version).is_dir():  # else another process was faster
                raise ResolveError(
                    f"the skill {slug!r} cannot be kept: {error.strerror}", kind="skill_invalid"
                ) from error
        finally:
            _remove(temporary)
        _log.info("skill unpacked", skill=slug, version=version, files=len(files))


def _write(path: Path, file: PackageFile) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:  # noqa: PTH123 - with a mode
        stream.write(file.content)
    path.chmod(0o555 if file.executable else 0o444)


def _close_folders(root: Path) -> None:
    for folder, _, _ in os.walk(root, topdown=False):
        Path(folder).chmod(0o555)


def _remove(folder: Path) -> None:
    if folder.exists():
        for inside, _, _ in os.walk(folder):
            Path(inside).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)


def _verified_text(slug: str, version: str, root: Path) -> str:
    """The SKILL.md of an unpacked skill, after everything in it was held against its hash again."""
    packed = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            if path.is_symlink() or not path.is_file():
                raise _mismatch(slug, version, "something that is no file", f"{root}")
            file = PackageFile(path.relative_to(root).as_posix(), bool(path.stat().st_mode & 0o100), path.read_bytes())
            packed.append(PackedFile(file.path, file.executable, file.sha256))
    actual = package_hash(packed)
    if actual != version:
        raise _mismatch(slug, version, actual, f"what lies in {root} (remove that folder to have it fetched again)")
    return (root / SKILL_FILE).read_text(encoding="utf-8-sig")


def _mismatch(slug: str, version: str, actual: str, what: str) -> ResolveError:
    return ResolveError(
        f"the skill {slug!r} is not what was pushed: its version is {version}, but {what} has {actual}",
        kind="skill_hash_mismatch",
    )
