"""Our reading of documents against the specification's own JSON schema and examples.

The schema is an oracle here and nowhere else: whatever it refuses, we refuse, but for the leniences that are listed.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from stigmer_api.dsl.definition import compile_value
from stigmer_api.dsl.loader import load_text
from stigmer_api.dsl.problems import DocumentInvalidError

DSL = Path(os.environ.get("STIGMER_SHARED", Path(__file__).resolve().parents[4] / "shared")) / "dsl"

LENIENT = {
    ("headers", "content-type"), ("query", "search"), ("environment", "SLACK_MCP_XOXP_TOKEN"),  # scalars become text
    ("message", "payload"), ("with", "parameters"),  # any JSON
    ("with", "proto"),  # without it the server is asked for its description
    ("service", "port"),  # empty: the port of the scheme
    ("backoff", "exponential"),  # it has no parameters, so nothing may stand for {}
    ("set", "message"), ("set", "processed"), ("set", "status"), ("set", "error"),  # `set: {}` is an empty object
    ("set", "startEvent"),
}  # fmt: skip
"""Places (parent and key) where we take what the schema refuses."""


def examples() -> list[Path]:
    return sorted((DSL / "examples").glob("*.yaml"))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every key of every object, with the path of the object."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield path, key
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def damaged(value: Any) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    """The document with one thing changed: each key gone, misspelled, empty, or a number."""
    for path, key in list(places(value)):
        for how in ("gone", "misspelled", "empty", "number"):
            found = copy.deepcopy(value)
            target = found
            for part in path:
                target = target[part]
            given = target.pop(key)
            if how != "gone":
                target[key + "X" if how == "misspelled" else key] = {"empty": None, "number": 17}.get(how, given)
            yield how, (*path, key), found


def problems(value: Any) -> str:
    try:
        compile_value(value)
    except DocumentInvalidError as error:
        return str(error)
    return ""


def test_every_example_of_the_specification_compiles() -> None:
    if not DSL.is_dir():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{DSL} is not here: set STIGMER_SHARED")
    found = {path.stem: problems(load_text(path.read_text()).value) for path in examples()}
    assert len(found) == 68
    assert {name: text for name, text in found.items() if text} == {}


def test_what_the_official_schema_refuses_is_refused_here_too() -> None:
    if not DSL.is_dir():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{DSL} is not here: set STIGMER_SHARED")
    official = jsonschema_rs.validator_for(load_text((DSL / "schema" / "workflow.yaml").read_text()).value)
    taken, judged = [], 0
    for path in examples():
        value = load_text(path.read_text()).value
        assert official.is_valid(value), path.name
        for how, place, changed in damaged(value):
            judged += 1
            if place[-2:] not in LENIENT and not official.is_valid(changed) and not problems(changed):
                taken.append((path.name, how, place))
    assert judged > 4_000
    assert taken == []
