"""Reads YAML that somebody else wrote: no objects, no duplicate keys, no nesting that could bring the process down."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own, not worth one module

__all__ = ["BadYaml", "parse_yaml"]

_DEEPEST = 100
_OPENING = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
_CLOSING = (yaml.SequenceEndEvent, yaml.MappingEndEvent)


class BadYaml(ValueError):
    """A text is not acceptable YAML; the message has line and column where they are known."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the base is chosen at run time
    """The safe loader, the C one where it was built, that refuses a key given twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key.value, str):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"found the key {key.value!r} twice", key.start_mark
                    )
                seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def parse_yaml(text: str) -> Any:
    """The content of a YAML document. Raises BadYaml."""
    try:
        _refuse_deep(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from the safe loader
    except BadYaml:
        raise
    except yaml.YAMLError as error:
        raise BadYaml(_message(error)) from error
    except (ValueError, RecursionError) as error:  # PyYAML lets bad dates and numbers through as they are
        raise BadYaml(str(error)) from error


def _refuse_deep(text: str) -> None:
    """Count the nesting from the event stream, which needs no stack: the C loader would overflow its own."""
    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, _OPENING):
            depth += 1
            if depth > _DEEPEST:
                raise BadYaml(f"line {event.start_mark.line + 1}: nested more than {_DEEPEST} levels deep")
        elif isinstance(event, _CLOSING):
            depth -= 1


def _message(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
    return where + str(getattr(error, "problem", None) or str(error).splitlines()[0])
