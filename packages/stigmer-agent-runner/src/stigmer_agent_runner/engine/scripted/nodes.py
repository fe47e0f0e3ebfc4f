"""Reads YAML with types checked on the way: every error names the path and the line of the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from stigmer_agent_runner.errors import ScriptError


def load(text: str, name: str) -> Node:
    """Return the top mapping of a YAML document; `name` starts the paths in errors."""
    try:
        document = YAML(typ="rt").load(text)
    except YAMLError as error:
        raise ScriptError(f"the {name} is not valid YAML: {_first_line(error)}") from error
    return Node(document, name)


class Node:
    """A mapping of the document that knows its path and its lines."""

    def __init__(self, node: Any, path: str, line: int = 1) -> None:
        self.path = path
        self.line = node.lc.line + 1 if isinstance(node, CommentedMap | CommentedSeq) else line
        if not isinstance(node, CommentedMap):
            raise ScriptError(f"line {self.line}: {path} must be a mapping, not {_type_name(node)}")
        self._node = node

    def keys(self) -> list[str]:
        return [str(key) for key in self._node]

    def has(self, key: str) -> bool:
        return key in self._node

    def plain(self) -> dict[str, Any]:
        return {str(key): _plain(value) for key, value in self._node.items()}

    def error(self, key: str, text: str) -> ScriptError:
        path = f"{self.path}.{key}" if key else self.path
        return ScriptError(f"line {self._line_of(key)}: {path} {text}")

    def only(self, *known: str) -> None:
        for key in self.keys():
            if key not in known:
                raise self.error(key, f"is not a field of a script; known here: {', '.join(known)}")

    def get(self, key: str, types: Any, default: Any = None) -> Any:
        value = self._node.get(key, default)
        if value is None:
            raise self.error(key, "is missing")
        wanted_types = types if isinstance(types, tuple) else (types,)
        if not isinstance(value, wanted_types) or (isinstance(value, bool) and bool not in wanted_types):
            wanted = " or ".join(_TYPE_NAMES[item] for item in wanted_types)
            raise self.error(key, f"must be {wanted}, not {_type_name(value)}")
        return str(value) if isinstance(value, str) else value

    def map(self, key: str) -> Node:
        return Node(self._node.get(key), f"{self.path}.{key}", self._line_of(key))

    def items(self, key: str) -> list[Node]:
        value = self._node.get(key)
        if not isinstance(value, CommentedSeq):
            raise self.error(key, f"must be a list, not {_type_name(value)}" if self.has(key) else "is missing")
        return [Node(item, f"{self.path}.{key}[{at}]", value.lc.line + 1) for at, item in enumerate(value)]

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._node.get(key, ())
        if isinstance(value, str):
            return (str(value),)
        if not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
            raise self.error(key, "must be a text or a list of texts")
        return tuple(str(item) for item in value)

    def _line_of(self, key: str) -> int:
        if key in self._node:
            return int(self._node.lc.key(key)[0]) + 1
        return self.line


_TYPE_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _type_name(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    names = {str: "a text", int: "a whole number", float: "a number", list: "a list", dict: "a mapping"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), type(value).__name__)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def _first_line(error: YAMLError) -> str:
    return " ".join(str(error).split())[:300]
