"""YAML 1.2 (or JSON) text to plain JSON values, with the line of every place.

YAML 1.1 would turn the key `on` into true; this reads YAML 1.2. Size, depth and the number of nodes are
bounded, so that an alias bomb is an error and not an outage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.problems import DocumentEmptyError, DocumentInvalidError, Problem, Problems, child, shortened

MAX_BYTES: Final = 512 * 1024
MAX_DEPTH: Final = 100
MAX_NODES: Final = 100_000
MAX_POINTER: Final = 2_000
"""Characters of a JSON pointer: every value and every task has one, so long keys around many values would add up."""

_TAG: Final = "tag:yaml.org,2002:"
_CONSTRUCTED: Final = frozenset({_TAG + "null", _TAG + "bool", _TAG + "int", _TAG + "float"})
_TEXT: Final = frozenset({_TAG + "str", _TAG + "timestamp"})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document's JSON value and the line (from 1) of each JSON pointer in it."""

    value: Json
    lines: dict[str, int] = field(default_factory=dict)


def load_text(text: str) -> Loaded:
    """Read one YAML document.

    Raises:
        DocumentInvalidError: it is no YAML, is too big, has duplicate keys, or holds what JSON cannot.
    """
    size = len(text.encode(errors="replace"))
    if size > MAX_BYTES:
        raise DocumentInvalidError([Problem("", f"the document has {size} bytes, the limit is {MAX_BYTES}")])
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 0
        raise DocumentInvalidError([Problem("", f"not valid YAML: {error.problem}", line)]) from error
    except (YAMLError, ValueError) as error:
        raise DocumentInvalidError([Problem("", f"not valid YAML: {error}")]) from error
    except RecursionError as error:
        raise DocumentInvalidError([Problem("", "not valid YAML: nested too deeply")]) from error
    if root is None:
        raise DocumentEmptyError([Problem("", "the document is empty")])
    builder = _Builder(yaml)
    value = builder.build(root, "", 0)
    builder.problems.raise_if_any()
    return Loaded(value, builder.lines)


def refuse_excess(value: Json, pointer: str = "", depth: int = 0) -> int:
    """Hold a value that did not come as text to the same limits; gives how many values it has.

    Raises:
        DocumentInvalidError: it has too many values, too deep, or below keys that are too long.
    """
    if depth > MAX_DEPTH or len(pointer) > MAX_POINTER:
        raise DocumentInvalidError([Problem(shortened(pointer), "the document is nested too deeply here")])
    count = 1
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        count += refuse_excess(item, child(pointer, key), depth + 1)
        if count > MAX_NODES:
            raise DocumentInvalidError([Problem(shortened(pointer), f"there are more than {MAX_NODES} values")])
    return count


class _Builder:
    def __init__(self, yaml: YAML) -> None:
        self._constructor: Any = yaml.constructor  # ruamel types this as Any
        self.lines: dict[str, int] = {}
        self.problems = Problems(self.lines)
        self._nodes = 0

    def build(self, node: Node, pointer: str, depth: int) -> Json:
        self.lines.setdefault(pointer, node.start_mark.line + 1)
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            limit = f"more than {MAX_NODES} values" if self._nodes > MAX_NODES else f"deeper than {MAX_DEPTH} levels"
            raise DocumentInvalidError([Problem(pointer, f"the document is {limit}", self.lines[pointer])])
        if len(pointer) > MAX_POINTER:
            message = f"the keys around this value are longer than {MAX_POINTER} characters together"
            raise DocumentInvalidError([Problem(shortened(pointer), message, self.lines[pointer])])
        if isinstance(node, ScalarNode):
            return self._scalar(node, pointer)
        if isinstance(node, SequenceNode):
            return [self.build(item, child(pointer, i), depth + 1) for i, item in enumerate(node.value)]
        assert isinstance(node, MappingNode)  # noqa: S101 - YAML has three kinds of nodes
        return self._mapping(node, pointer, depth)

    def _scalar(self, node: ScalarNode, pointer: str) -> Json:
        if node.tag in _CONSTRUCTED:
            try:
                value = self._constructor.construct_object(node)
            except (YAMLError, ValueError):
                value = math.nan
            if isinstance(value, float) and not math.isfinite(value):
                kind = node.tag.rpartition(":")[2]
                self.problems.add(pointer, f"{shortened(node.value)!r} is no {kind} that JSON can hold")
                return None
            return value
        if node.tag not in _TEXT:
            self.problems.add(pointer, f"the tag {shortened(str(node.tag))} is not supported: use plain YAML values")
        return self._text(str(node.value), pointer)

    def _text(self, text: str, pointer: str) -> str:
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            self.problems.add(pointer, "half of a surrogate pair (\\uD800 to \\uDFFF) is no text")
            return ""
        return text

    def _mapping(self, node: MappingNode, pointer: str, depth: int) -> dict[str, Json]:
        value: dict[str, Json] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.problems.add(pointer, "a key must be text")
                continue
            key = self._text(str(key_node.value), pointer)
            place = child(pointer, key)
            line = key_node.start_mark.line + 1
            if key == "<<" and key_node.tag == _TAG + "merge":
                self.problems.add(pointer, "YAML merge keys (<<) are not supported: write the keys out")
            elif key in value:
                self.problems.add(pointer, f"the key {shortened(key)!r} is written twice, again in line {line}")
            else:
                self.lines[place] = line
                value[key] = self.build(value_node, place, depth + 1)
        return value
