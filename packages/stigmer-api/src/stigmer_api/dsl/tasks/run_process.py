"""`run: script`, `run: shell`, `run: container`: a process on the runner's machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.endpoints import Endpoint, read_resource
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.model import Duration
from stigmer_api.dsl.problems import child, listed, shortened
from stigmer_api.dsl.reader import Reader

RETURNS: Final = ("stdout", "stderr", "code", "all", "none")
LANGUAGES: Final[Mapping[str, str]] = {"js": "js", "javascript": "js", "python": "python"}
"""Names of languages, and the one that each is known by from then on."""
PULL_POLICIES: Final = ("ifNotPresent", "always", "never")
CLEANUPS: Final = ("always", "never", "eventually")

_SHARED: Final = ("stdin", "arguments", "environment")
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "script": ("language", "code", "source"),
    "shell": ("command",),
    "container": ("image", "name", "command", "ports", "volumes", "lifetime", "pullPolicy"),
}
_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "script": ("language",),
    "shell": ("command",),
    "container": ("image",),
}
_OBJECTS: Final = ("environment", "ports", "volumes")
_TEXTS: Final = ("code", "command", "image", "name", "stdin")


@dataclass(frozen=True, slots=True)
class RunProcess:
    """The process. `kind` is script, shell or container; `fields` has what is evaluated: command, stdin and so on.

    `language` and `source` are for scripts, `pull`, `cleanup` and `keep` (how long until it is removed) for containers.
    """

    kind: str
    fields: Mapping[str, Template]
    returns: str = "stdout"
    wait: bool = True
    language: str = ""
    source: Endpoint | None = None
    pull: str = "ifNotPresent"
    cleanup: str = "never"
    keep: Duration | None = None


def read_process(reader: Reader, kind: str, run: Mapping[str, Json], pointer: str) -> RunProcess:
    """Compile `run.<kind>` with `await` and `return` beside it."""
    place = child(pointer, kind)
    given = reader.fields(run[kind], place, (*_OWN[kind], *_SHARED), required=_REQUIRED[kind])
    lifetime, where = given.get("lifetime", {}), child(place, "lifetime")
    life = reader.fields(lifetime, where, ("cleanup", "after"), required=("cleanup",)) if "lifetime" in given else {}
    cleanup = _one_of(reader, life, "cleanup", where, CLEANUPS, "never")
    keep = reader.optional(life, "after", where, reader.duration)
    if (cleanup == "eventually") != (keep is not None):
        reader.problem(where, "'after' belongs to cleanup: eventually, which needs it")
    return RunProcess(
        kind=kind,
        fields=dict(_fields(reader, given, place)),
        returns=_one_of(reader, run, "return", pointer, RETURNS, "stdout"),
        wait=reader.flag(run["await"], child(pointer, "await")) if "await" in run else True,
        language=_language(reader, given, place) if kind == "script" else "",
        source=reader.optional(given, "source", place, lambda v, p: read_resource(reader, v, p)),
        pull=_one_of(reader, given, "pullPolicy", place, PULL_POLICIES, "ifNotPresent"),
        cleanup=cleanup,
        keep=keep,
    )


def _fields(reader: Reader, given: Mapping[str, Json], place: str) -> list[tuple[str, Template]]:
    found: list[tuple[str, Template]] = []
    for key in (*_TEXTS, *_OBJECTS, "arguments"):
        if key not in given:
            continue
        where, value = child(place, key), given[key]
        if key in _OBJECTS and not isinstance(value, Mapping | str):
            reader.problem(where, "must be an object or an expression that gives one")
        elif key == "arguments" and not isinstance(value, list | str):
            reader.problem(where, "must be a list or an expression that gives one")
        elif key in _TEXTS and value != "":
            found.append((key, reader.outbound(reader.text(value, where), where)))
        else:
            found.append((key, reader.outbound(value, where)))
    return found


def _language(reader: Reader, given: Mapping[str, Json], place: str) -> str:
    if ("code" in given) == ("source" in given):
        reader.problem(place, "needs either 'code' or 'source'")
    language = given.get("language", "js")
    if not isinstance(language, str) or language.lower() not in LANGUAGES:
        reader.problem(
            child(place, "language"),
            f"the language {shortened(str(language))!r} is not supported: use {listed(LANGUAGES)}",
        )
        return "js"
    return LANGUAGES[language.lower()]


def _one_of(
    reader: Reader, fields: Mapping[str, Json], key: str, pointer: str, known: tuple[str, ...], default: str
) -> str:
    value = fields.get(key, default)
    if value not in known:
        reader.problem(child(pointer, key), f"must be one of {', '.join(known)}, not {shortened(str(value))!r}")
        return default
    return str(value)
