"""YAML text to nodes: documents with the line of everything in them, before any of it means anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from stigmer_cli.manifest.problems import Problems

MAX_DEPTH = 100
MAX_NODES = 200_000
"""Nodes that one document may have with its aliases written out; more is a mistake or an attack."""

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its root node and its text as written."""

    root: Node
    text: str

    @property
    def line(self) -> int:
        """Line of the root, from 1."""
        return line_of(self.root)


def line_of(node: Node) -> int:
    """Return the line where a node starts, from 1."""
    return int(node.start_mark.line) + 1


def tag_of(node: Node) -> str:
    """Return the short name of a node's type: str, int, float, bool, null, map, seq, timestamp, merge …"""
    return str(node.tag).removeprefix(_TAG)


def parse(text: str, problems: Problems) -> list[Document]:
    """Return the documents of a YAML 1.2 text; empty ones are left out, what cannot be read is a problem."""
    found: list[Document] = []
    try:
        for root in YAML(typ="rt", pure=True).compose_all(text):
            if root is None or (isinstance(root, ScalarNode) and tag_of(root) == "null"):
                continue
            if _is_sane(root, problems):
                found.append(Document(root, _slice(text, root)))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        context = f" {error.context}" if error.context else ""
        problems.add(mark.line + 1 if mark else 1, "", f"this is not YAML: {error.problem}{context}")
    except YAMLError as error:
        problems.add(1, "", f"this is not YAML: {error}")
    return found


def _slice(text: str, root: Node) -> str:
    """Return the text of a document: from the start of its first line, so that its indentation stays whole."""
    start = root.start_mark.index
    line_start = text.rfind("\n", 0, start) + 1
    if not text[line_start:start].strip():
        start = line_start
    return text[start : root.end_mark.index].rstrip() + "\n"


def _is_sane(root: Node, problems: Problems) -> bool:
    """Refuse documents that are endless or enormous once their aliases are written out."""
    left = MAX_NODES

    def walk(node: Node, depth: int) -> bool:
        nonlocal left
        left -= 1
        if left < 0 or depth > MAX_DEPTH:
            return False
        if isinstance(node, MappingNode):
            return all(walk(key, depth + 1) and walk(value, depth + 1) for key, value in node.value)
        return not isinstance(node, SequenceNode) or all(walk(item, depth + 1) for item in node.value)

    if walk(root, 0):
        return True
    problems.add(line_of(root), "", f"nested deeper than {MAX_DEPTH} levels, or more than {MAX_NODES} values")
    return False


def entries(node: MappingNode, path: str, problems: Problems) -> dict[str, tuple[Node, Node]]:
    """Return the entries of a mapping by key text: (key node, value node). Doubled keys are problems.

    Merge keys (<<) are followed; what a mapping says itself wins.
    """
    found: dict[str, tuple[Node, Node]] = {}
    merged: dict[str, tuple[Node, Node]] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            problems.add(line_of(key), path, "a key must be a plain text")
            continue
        if key.value == "<<" and tag_of(key) in {"merge", "str"} and not key.style:
            for item in value.value if isinstance(value, SequenceNode) else [value]:
                if isinstance(item, MappingNode):
                    merged = entries(item, path, problems) | merged
                else:
                    problems.add(line_of(value), path, "<< needs a mapping to merge")
            continue
        if key.value in found:
            first = line_of(found[key.value][0])
            problems.add(line_of(key), path, f"{key.value!r} is given twice, first in line {first}")
            continue
        found[key.value] = (key, value)
    return merged | found


def scalar(node: Node) -> Any:
    """Return the value of a scalar: str, int, float, bool or None; texts that look like dates stay texts."""
    text, tag = node.value, tag_of(node)
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    if tag == "int":
        return _integer(text.replace("_", ""))
    if tag == "float":
        return _float(text.replace("_", ""))
    return text


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2].lower(), 10)
    value = int(digits[2:] if base != 10 else digits, base)
    return -value if text.startswith("-") else value


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def describe(node: Node) -> str:
    """Say what a node is, as people would: 'the text "x"', "the number 5", "a list" …"""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    value = scalar(node)
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'the text "{value if len(value) <= 40 else value[:39] + "…"}"'
    return f"the number {node.value}"
