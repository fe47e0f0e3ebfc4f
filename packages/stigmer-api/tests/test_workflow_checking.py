"""Specs judged as a whole: every problem of a source or of uploaded tasks, each at its place."""

# ruff: noqa: E501 - a row of a table reads better on one line

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from ruamel.yaml import YAML

from stigmer_api.dsl.normaliser import KINDS
from stigmer_api.dsl.problems import MAX_NOTED
from stigmer_api.messages import message_class
from stigmer_api.workflows.checking import check_source, check_spec
from stigmer_api.workflows.configs import path_of, pointer_of
from stigmer_api.workflows.kinds import TASK_KINDS

SPEC: Any = message_class("ai.stigmer.agentic.workflow.v1.WorkflowSpec")
HEAD = {"dsl": "1.0.0", "namespace": "tests", "name": "up", "version": "1.0.0"}
NOTICE = {"channel": "c", "recipients": ["r"], "body": "b"}


def judged(*tasks: Any, **more: Any) -> list[tuple[str, str]]:
    spec = ParseDict({"document": {**HEAD, **more}, "tasks": list(tasks)}, SPEC())
    return [(item.field, item.description) for item in check_spec(spec).violations]


def task(kind: Any, config: Any, name: str = "t", **more: Any) -> Any:
    return {"name": name, "kind": kind, "task_config": config, **more}


SET = task("set_vars", {"variables": {"a": "1"}}, "s")


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        (task("set_vars", {"variabels": {"a": "1"}}), "variabels", "unknown field 'variabels'; did you mean variables?"),
        (task("set_vars", {"variables": {"a": 1}}), "variables.a", "must be text, not a number"),
        (task("set_vars", {"variables": ["a"]}), "variables", "must be an object, not a list"),
        (task("set_vars", {"variables": {"a": "${ foo( }"}}), "variables.a", "not a jq expression"),
        (task("set_vars", {"variables": {"a": "${ $x }"}}), "variables.a", "$x does not exist here"),
        (task("http_call", {"method": "FETCH", "endpoint": {"uri": "http://x/"}}), "method", "must be in list"),
        (task("http_call", {"method": "GET", "endpoint": {}}), "endpoint.uri", "value is required"),
        (task("http_call", {"method": "GET", "endpoint": {"uri": "ftp://x/"}}), "endpoint.uri", "must be an absolute http"),
        (task("http_call", {"method": "GET", "endpoint": {"uri": "http://x/"}, "timeout_seconds": 1.5}), "timeout_seconds", "must be a whole number"),
        (task("http_call", {"method": "GET", "endpoint": {"uri": "http://x/"}, "timeoutSeconds": 301}), "timeout_seconds", "less than or equal to 300"),
        (task("switch_case", {"cases": [{"name": "x", "when": "${ ( }", "then": "end"}]}), "cases[0].when", "not a jq expression"),
        (task("switch_case", {"cases": [{"name": "x", "then": "nowhere"}]}), "cases[0].then", "there is no task 'nowhere'"),
        (task("for_each", {"each": "i", "in": "${ . }", "do": [task("wait", {"duration": {"weeks": 1}})]}), "do[0].task_config.duration.weeks", "unknown field 'weeks'"),
        (task("for_each", {"each": "i", "in": "${ . }", "do": [task("set_vars", {"variables": {"a": "${ $j }"}})]}), "do[0].task_config.variables.a", "$j does not exist here"),
        (task("for_each", {"each": "i", "in": "${ ( }", "do": [SET]}), "in", "not a jq expression"),
        (task("for_each", {"each": "i", "in": "${ . }", "do": [SET], "on_error": "FOR_EACH_FAIL"}), "on_error", "did you mean FOR_EACH_FAIL_FAST?"),
        (task("llm_call", {"model": "m", "prompt": "p", "max_cost_micros": 4}), "max_cost_micros", "not supported yet"),
        (task("for_each", {"each": "i", "in": "${ . }", "do": [{"name": "1x", "kind": "wait", "task_config": {}}]}), "do[0].name", "pattern"),
        (task("try_catch", {"try": [SET], "catch": {"do": [task("raise_error", {"error": "x", "mesage": "y"})]}}), "catch.do[0].task_config.mesage", "did you mean message?"),
        (task("fork", {"branches": [{"name": "a", "do": [task("wait", {"x": 1})]}, {"name": "b", "do": [SET]}]}), "branches[0].do[0].task_config.x", "unknown field 'x'"),
        (task("wait", {"until": "tomorrow"}), "until", "must be text like 2030-01-31T12:00:00Z"),
        (task("wait", {"until": "2030-01-31T12:00:00Z", "duration": {"seconds": 1}}), "until", "only one of"),
        (task("agent_call", {"agent": "a"}), "message", "value is required"),
        (task("agent_call", {"agent": "a", "message": "m", "environment_refs": [{"slug": "env", "kind": "environment"}]}), "environment_refs", "not supported yet"),
        (task("eval", {"model": "m", "subject": "s", "rubric": "r", "threshold": 2}), "threshold", "1"),
    ],
)  # fmt: skip
def test_a_config_is_held_against_the_message_of_its_kind(given: Any, place: str, words: str) -> None:
    found = dict(judged(given))
    field = f"spec.tasks[0].task_config.{place}"
    assert field in found, found
    assert words in found[field]
    assert found.keys() <= {field, "spec.tasks[0].kind", "spec.tasks[0].task_config.variables"}


def test_all_problems_of_all_tasks_come_at_once_and_each_only_once() -> None:
    found = judged(
        task("http_call", {"metod": "GET"}, "a"),
        task("notification", {**NOTICE, "template": "x"}, "b", flow={"then": "nowhere"}),
        task("for_each", {"each": "i", "inn": ".x", "do": [task("set_vars", {"variables": {"a": "${ ( }"}})]}, "c"),
        task("set_vars", {"variables": {"a": "1"}}, "d", export={"as": "${ ( }"}),
        name="Bad Name",
    )
    assert [field for field, _ in found] == [
        "spec.document.name",
        "spec.tasks[0].task_config.endpoint",
        "spec.tasks[0].task_config.method",
        "spec.tasks[0].task_config.metod",
        "spec.tasks[1].flow.then",
        "spec.tasks[1].task_config.template",
        "spec.tasks[2].task_config.do[0].task_config.variables.a",
        "spec.tasks[2].task_config.in",
        "spec.tasks[2].task_config.inn",
        "spec.tasks[3].export.as",
    ]


def test_what_the_rules_of_the_contract_say_is_not_said_again() -> None:
    assert judged({"name": "bad name", "kind": "wait", "task_config": {}}, dsl="2") == []
    assert check_spec(SPEC()).problems == ()


def test_a_source_has_lines_and_pointers() -> None:
    verdict = check_spec(
        SPEC(source="document: {dsl: '1.0.0', namespace: a, name: b, version: 1.0.0}\ndo:\n- x: {sett: {}}\n")
    )
    [item] = verdict.violations
    assert item.field == "spec.source"
    assert item.description.startswith("line 3, /do/0/x: the task 'x' has sett: a task needs one of")


def test_tasks_beside_a_source_are_a_warning() -> None:
    source = "document: {dsl: '1.0.0', namespace: a, name: b, version: 1.0.0}\ndo:\n- x: {set: {}}\n"
    assert check_source(source).warnings == ()
    spec = ParseDict({"source": source, "tasks": [SET]}, SPEC())
    assert check_spec(spec).warnings == ("spec.tasks is ignored: spec.source takes its place",)


def test_too_much_is_refused_before_it_is_looked_at() -> None:
    [(field, text)] = judged(task("set_vars", {"variables": {"a": "x" * 600_000}}))
    assert (field, text.endswith("the limit is 524288")) == ("spec.tasks", True)
    found = judged(*[task("set_vars", {"x": 1}, f"t{i}") for i in range(400)])
    assert len(found) == MAX_NOTED + 1


def test_a_pointer_and_its_path_are_the_same_place() -> None:
    path = 'spec.tasks[0].task_config.headers["X-A"]'
    assert path_of("/tasks/0/task_config/headers/X-A") == path
    assert pointer_of(path) == "/spec/tasks/0/task_config/headers/X-A"


def test_the_table_has_every_kind_with_its_number_and_message() -> None:
    assert {kind.number: kind.name for kind in TASK_KINDS} == KINDS
    assert all(message_class(kind.config).DESCRIPTOR.full_name == kind.config for kind in TASK_KINDS)


@pytest.mark.parametrize("kind", TASK_KINDS, ids=lambda kind: kind.name)
def test_the_example_of_a_kind_is_valid_or_not_supported_yet(kind: Any) -> None:
    example = YAML(typ="safe", pure=True).load(kind.example)
    assert example["kind"] == kind.name
    found = judged(example)
    assert found == (
        []
        if kind.supported
        else [
            ("spec.tasks[0].kind", f"the task {example['name']!r} is of kind {kind.name!r}, which is not supported yet")
        ]
    )
