"""Which stored files are needed: those that a field of some resource names."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from stigmer_server.artifacts.files import ArtifactFiles
from stigmer_store import ListQuery, Repository, fields_in_backup

__all__ = ["discard_unneeded", "file_fields", "is_needed", "needed_by_backup"]

_FIELD = "file:"
_SET = "1"


def file_fields(keys: Iterable[str]) -> dict[str, str]:
    """Queryable fields of a resource that needs these files."""
    return {_FIELD + key: _SET for key in keys if key}


async def is_needed(repository: Repository, key: str) -> bool:
    """Whether any resource or version names this file."""
    query = ListQuery(fields=file_fields([key]), page_size=1, counted=False)
    return bool((await repository.list(query)).items)


async def discard_unneeded(files: ArtifactFiles, repository: Repository, keys: Iterable[str]) -> None:
    """Delete those of the files that nothing names any more."""
    await files.discard(keys, partial(is_needed, repository))


def needed_by_backup(path: Path) -> list[str]:
    """The keys of all files that the resources in a copy of the database name."""
    return [name.removeprefix(_FIELD) for name in fields_in_backup(path, _FIELD)]
