"""Workflows in manifests: judged by the function that the server uses, with the lines of the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from stigmer_api.workflows.checking import SOURCE, check_spec, warnings_of
from stigmer_cli.manifest.documents import line_of
from stigmer_cli.manifest.problems import Problems

Nearest = Callable[[str], tuple[int, str]]
"""Field path of the contract -> line in the file, and the path as it was written."""


def judge(spec: Any, source: Node | None, nearest: Nearest, problems: Problems) -> tuple[str, ...]:
    """Note everything that the server would refuse in a WorkflowSpec; gives the warnings.

    source: the node of spec.source, or the document itself when that is the source; None when there are tasks.
    """
    verdict = check_spec(spec)
    if not verdict.from_source:
        for item in verdict.violations:
            problems.add(*nearest(item.field), item.description)
        return verdict.warnings
    for problem in verdict.problems:
        problems.add(_line(source, problem.line, nearest), problem.pointer, problem.message)
    hints = [replace(hint, line=_line(source, hint.line, nearest)) for hint in verdict.hints]
    return (*warnings_of(spec), *map(str, hints))


def _line(source: Node | None, line: int, nearest: Nearest) -> int:
    """Line in the file of a line of the source: known for documents and for literal blocks (|)."""
    if isinstance(source, ScalarNode):
        return line_of(source) + max(line, 1) if source.style == "|" else line_of(source)
    return line_of(source) + max(line, 1) - 1 if source is not None else nearest(SOURCE)[0]


def source_node(spec: Node | None) -> Node | None:
    """The node of spec.source."""
    if not isinstance(spec, MappingNode):
        return None
    return next((value for key, value in spec.value if key.value == "source"), None)
