"""Templates of scripts: `{{user}}`: the user message, `{{tool.NAME}}`: the last result of a tool, `\\{{`: just `{{`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stigmer_agent_runner.errors import ScriptError

_TEMPLATE = re.compile(r"(?P<escaped>\\\{\{)|\{\{\s*(?P<name>.*?)\s*\}\}", re.DOTALL)
_KNOWN = r"known are {{user}} and {{tool.NAME}}; \{{ is just {{"
_NAME = re.compile(r"user|tool\.[A-Za-z_][A-Za-z0-9_-]*")


def check_templates(value: Any) -> str:
    """Return what is wrong with the templates in `value` (a text, or data that holds texts); empty when nothing is."""
    if isinstance(value, str):
        for found in _TEMPLATE.finditer(value):
            name = found["name"]
            if name is not None and not _NAME.fullmatch(name):
                return f"has the unknown template {{{{{name}}}}}; {_KNOWN}"
        return ""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return next((problem for item in inner if (problem := check_templates(item))), "")


def render(value: Any, user: str, results: Mapping[str, str]) -> Any:
    """Return `value` with every template filled in; ScriptError when a tool has no result yet."""
    if isinstance(value, str):
        return _TEMPLATE.sub(lambda found: _fill(found, user, results), value)
    if isinstance(value, Mapping):
        return {key: render(item, user, results) for key, item in value.items()}
    if isinstance(value, list):
        return [render(item, user, results) for item in value]
    return value


def _fill(found: re.Match[str], user: str, results: Mapping[str, str]) -> str:
    if found["escaped"]:
        return "{{"
    if found["name"] == "user":
        return user
    tool = found["name"].removeprefix("tool.")
    if tool not in results:
        known = ", ".join(results) or "none"
        raise ScriptError(f"{{{{tool.{tool}}}}} has no value: tools with a result so far: {known}")
    return results[tool]
