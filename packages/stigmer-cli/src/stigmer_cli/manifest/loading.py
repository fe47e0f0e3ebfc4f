"""Files, directories and standard input to manifests; every problem of all of them at once."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stigmer_cli.errors import UsageError
from stigmer_cli.manifest.documents import parse
from stigmer_cli.manifest.problems import ManifestError, Problem, Problems
from stigmer_cli.manifest.resources import Manifest, read_resource

STANDARD_INPUT = "-"
SUFFIXES = frozenset({".yaml", ".yml", ".json"})


def load_manifests(places: Sequence[str], org: str, *, judged: bool = True) -> list[Manifest]:
    """Return every resource in the files, directories (and below) and standard input ("-") named.

    org: given to resources that name none. judged: workflows are judged as the server would. Raises ManifestError with
    all problems, UsageError for places that cannot be read or hold no manifest.
    """
    found: list[Manifest] = []
    problems: list[Problem] = []
    for source, text in _read(places):
        noted = Problems(source)
        documents = parse(text, noted)
        for document in documents:
            item = read_resource(document, org, noted, judged=judged)
            found += [] if item is None else [item]
        problems += noted.found
    problems += _doubles(found)
    if problems:
        raise ManifestError(problems)
    if not found:
        raise UsageError(f"there are no resources in {', '.join(places)}", hint="name a file with a manifest by -f")
    return found


def _read(places: Iterable[str]) -> Iterator[tuple[str, str]]:
    for place in places:
        if place == STANDARD_INPUT:
            yield "stdin", sys.stdin.read()
            continue
        path = Path(place)
        for file in _files(path) if path.is_dir() else [path]:
            yield str(file), _text(file)


def _files(directory: Path) -> list[Path]:
    found = [path for path in directory.rglob("*") if path.suffix in SUFFIXES and path.is_file()]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(directory).parts))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}", hint="-f takes a file, a directory, or - for stdin"
        ) from error


def _doubles(manifests: Iterable[Manifest]) -> list[Problem]:
    """The same resource twice: which one wins would be an accident."""
    seen: dict[tuple[str, str, str], Manifest] = {}
    problems = []
    for item in manifests:
        key = (item.kind.key, item.message.metadata.org, item.name)
        first = seen.setdefault(key, item)
        if first is not item:
            problems.append(
                Problem(
                    item.source,
                    item.line,
                    "metadata.name",
                    f"{item.kind.name} {item.name} is already defined in {first.source}:{first.line}",
                )
            )
    return problems
