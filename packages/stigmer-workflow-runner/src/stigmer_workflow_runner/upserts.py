"""Sets search attributes of the running workflow: those that loading found to be registered, and its phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from temporalio import workflow
from temporalio.common import SearchAttributeKey

PHASE: Final = "DslPhase"
_KEYS: Final[Mapping[str, Callable[[str], Any]]] = {
    "KEYWORD": SearchAttributeKey.for_keyword,
    "TEXT": SearchAttributeKey.for_text,
    "INT": SearchAttributeKey.for_int,
    "DOUBLE": SearchAttributeKey.for_float,
    "BOOL": SearchAttributeKey.for_bool,
    "KEYWORD_LIST": SearchAttributeKey.for_keyword_list,
    "DATETIME": SearchAttributeKey.for_datetime,
}


def upsert(attributes: list[list[Any]]) -> None:
    """Set `[name, type, value]` of each."""
    if attributes:
        updates = [_KEYS[kind](name).value_set(_value(kind, value)) for name, kind, value in attributes]
        workflow.upsert_search_attributes(updates)


def upsert_phase(phase: str) -> None:
    """Set the phase, in the specification's words: only of runs that were paused, because it costs an event."""
    upsert([[PHASE, "KEYWORD", phase]])


def _value(kind: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if kind == "DATETIME" else value
