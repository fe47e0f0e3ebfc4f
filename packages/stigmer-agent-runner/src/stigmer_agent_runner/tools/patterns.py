"""Glob patterns of the file tools: `*`, `?`, `[abc]`, `**` and `{a,b}`.

A pattern without `/` matches names at any depth; one with `/` matches paths from the folder that is searched.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

from stigmer_agent_runner.errors import ToolError

_BRACES = re.compile(r"\{([^{}]*)\}")
_MAX_ALTERNATIVES = 200


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return a test for paths relative to the searched folder; ToolError for a pattern that cannot be meant."""
    if not pattern:
        raise ToolError("the pattern is empty; '*' matches every file")
    if ".." in pattern.split("/"):
        raise ToolError("the pattern holds '..'; it starts at the folder that is searched")
    tests = [_one(alternative) for alternative in _alternatives(pattern)]
    return lambda path: any(test(path) for test in tests)


def _alternatives(pattern: str) -> list[str]:
    done: list[str] = []
    pending = [pattern]
    while pending:
        text = pending.pop()
        found = _BRACES.search(text)
        if found is None:
            done.append(text)
        else:
            pending += [text[: found.start()] + choice + text[found.end() :] for choice in found[1].split(",")]
        if len(done) + len(pending) > _MAX_ALTERNATIVES:
            raise ToolError(f"the pattern has more than {_MAX_ALTERNATIVES} alternatives")
    return done


def _one(pattern: str) -> Callable[[str], bool]:
    if "/" not in pattern:
        name = re.compile(fnmatch.translate(pattern)).fullmatch
        return lambda path: name(path.rsplit("/", 1)[-1]) is not None
    segments = [part for part in pattern.split("/") if part not in {"", "."}]
    tests = [None if part == "**" else re.compile(fnmatch.translate(part)) for part in segments]
    return lambda path: _segments(path.split("/"), tests)


def _segments(path: list[str], tests: list[re.Pattern[str] | None]) -> bool:
    if not tests:
        return not path
    head, *rest = tests
    if head is None:
        return any(_segments(path[at:], rest) for at in range(len(path) + 1))
    return bool(path) and head.fullmatch(path[0]) is not None and _segments(path[1:], rest)
