"""Uploaded task kinds become documents of the DSL and run as the same tree."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict

from stigmer_api.dsl.definition import compile_value
from stigmer_api.dsl.normaliser import KINDS, SUPPORTED_KINDS, normalise
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_api.messages import message_class
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inprocess import run_document

SPEC: Any = message_class("ai.stigmer.agentic.workflow.v1.WorkflowSpec")
DOCUMENT = {"dsl": "1.0.0", "namespace": "tests", "name": "up", "version": "1.0.0", "description": "Says hello"}


def uploaded(*tasks: Any) -> Any:
    """The spec as the runner gets it: through protobuf and back, as numbers become floating point there."""
    spec = ParseDict({"document": DOCUMENT, "tasks": list(tasks)}, SPEC())
    return normalise(MessageToDict(spec, preserving_proto_field_name=True))


def task(name: Any, kind: Any, config: Any, **more: Any) -> Any:
    return {"name": name, "kind": kind, "task_config": config, **more}


def test_every_number_of_the_wire_s_kinds_has_its_name() -> None:
    values = SPEC.DESCRIPTOR.fields_by_name["tasks"].message_type.fields_by_name["kind"].enum_type.values
    assert {value.number: value.name for value in values if value.number} == KINDS


SET = task("s", "set_vars", {"variables": {"a": "1", "b": "${ .n }"}})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (SET, {"set": {"a": "1", "b": "${ .n }"}}),
        (
            task("h", "http_call", {"method": "POST", "endpoint": {"uri": "https://x/"}, "headers": {"A": "b"}, "body": {"n": 1}, "timeout_seconds": 5}),
            {"call": "http", "with": {"method": "POST", "endpoint": {"uri": "https://x/"}, "headers": {"A": "b"}, "body": {"n": 1}}, "timeout": {"after": {"seconds": 5}}},
        ),
        (
            task("w", "switch_case", {"cases": [{"name": "x", "when": ".a", "then": "w2"}, {"name": "d", "then": "end"}]}),
            {"switch": [{"x": {"when": ".a", "then": "w2"}}, {"d": {"then": "end"}}]},
        ),
        (
            task("f", "for_each", {"each": "i", "in": "${ .l }", "do": [{"name": "s", "kind": 1, "task_config": {"variables": {"a": "1"}}}], "on_error": "FOR_EACH_FAIL_FAST"}),
            {"for": {"each": "i", "in": "${ .l }"}, "do": [{"s": {"set": {"a": "1"}}}]},
        ),
        (
            task("t", "try_catch", {"try": [SET], "catch": {"as": "e", "do": [SET]}}),
            {"try": [{"s": {"set": {"a": "1", "b": "${ .n }"}}}], "catch": {"as": "e", "do": [{"s": {"set": {"a": "1", "b": "${ .n }"}}}]}},
        ),
        (task("w", "wait", {"duration": {"minutes": 2}}), {"wait": {"minutes": 2}}),
        (task("w", "wait", {"until": "2030-01-01T00:00:00Z"}), {"wait": {"until": "2030-01-01T00:00:00Z"}}),
        (
            task("r", "raise_error", {"error": "validation", "message": "too short"}),
            {"raise": {"error": {"type": "https://serverlessworkflow.io/spec/1.0.0/errors/validation", "status": 400, "title": "validation", "detail": "too short"}}},
        ),
        (task("a", "agent_call", {"agent": "greeter", "message": "hi"}), {"call": "agent", "with": {"agent": "greeter", "message": "hi"}}),
        (
            task("r", "run_workflow", {"workflow": "other", "input": {"n": 1}}),
            {"run": {"workflow": {"namespace": "tests", "name": "other", "version": "latest", "input": {"n": 1}}}},
        ),
        (
            task("f", "fork", {"compete": True, "branches": [{"name": "l", "do": [SET]}, {"name": "r", "do": [SET]}]}),
            {"fork": {"branches": [{"l": {"do": [{"s": {"set": {"a": "1", "b": "${ .n }"}}}]}}, {"r": {"do": [{"s": {"set": {"a": "1", "b": "${ .n }"}}}]}}], "compete": True}},
        ),
        (
            task("l", "listen", {"to": {"mode": "one", "signals": [{"id": "a", "type": "signal"}, {"id": "b", "type": "signal"}]}}),
            {"listen": {"to": {"any": [{"with": {"signalname": "a"}}, {"with": {"signalname": "b"}}]}}},
        ),
        (
            task("l", "listen", {"to": {"mode": "all", "signals": [{"id": "a", "type": "signal"}]}}),
            {"listen": {"to": {"all": [{"with": {"signalname": "a"}}]}}},
        ),
        (
            task("h", "human_input", {"prompt": "Go?", "form_schema": {"type": "object"}, "outcomes": [{"name": "go", "label": "Go"}, {"name": "deny", "then": "end"}], "approvers": ["ada"], "timeout": 60, "on_timeout": "HUMAN_INPUT_TIMEOUT_DENY", "payload": {"n": 1}, "ui_hint": "card"}),
            {"call": "human", "with": {"prompt": "Go?", "form": {"type": "object"}, "outcomes": [{"name": "go", "label": "Go"}, {"name": "deny", "then": "end"}], "approvers": ["ada"], "timeout": {"seconds": 60}, "onTimeout": "deny", "payload": {"n": 1}, "uiHint": "card"}},
        ),
        (
            task("s", "set_vars", {"variables": {}}, export={"as": "${ . }"}, flow={"then": "end"}),
            {"set": {}, "export": {"as": "${ . }"}, "then": "end"},
        ),
    ],
    ids=lambda value: value.get("kind") if isinstance(value, dict) and "kind" in value else "",
)  # fmt: skip
def test_a_kind_becomes_its_task_of_the_dsl(given: Any, expected: Any) -> None:
    document = uploaded(given)
    assert document["do"] == [{given["name"]: expected}]
    assert document["document"]["summary"] == "Says hello"
    if given["kind"] != "switch_case":
        compile_value(document)


def test_every_kind_of_the_contract_becomes_a_task() -> None:
    assert set(KINDS.values()) == set(SUPPORTED_KINDS)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (task("a", "agent_call", {"agent": "x", "message": "m", "environment_refs": [{"slug": "e"}]}), "/tasks/0/task_config/environment_refs"),
        (task("l", "llm_call", {"model": "openai:x", "prompt": "p", "max_cost_micros": 5}), "/tasks/0/task_config/max_cost_micros"),
        (task("n", "notification", {"channel": "ops", "recipients": ["a"], "body": "b", "template": "t"}), "/tasks/0/task_config/template"),
    ],
)  # fmt: skip
def test_what_a_kind_cannot_do_yet_is_refused_at_its_place(given: Any, place: Any) -> None:
    with pytest.raises(DocumentInvalidError) as found:
        uploaded(given)
    [problem] = found.value.problems
    assert (problem.pointer, problem.message.endswith("is not supported yet")) == (place, True)


ASK = {"prompt": "Go?"}


@pytest.mark.parametrize(
    ("given", "place", "why"),
    [
        (task("h", "human_input", {**ASK, "on_timeout": 2}), "on_timeout", "a timeout never approves"),
        (task("l", "listen", {"to": {"mode": "one", "signals": [{"id": "a", "type": "query"}]}}), "to/signals/0/type", "use signal"),
    ],
)  # fmt: skip
def test_what_waiting_tasks_cannot_do_is_refused_at_its_place(given: Any, place: str, why: str) -> None:
    with pytest.raises(DocumentInvalidError) as found:
        uploaded(given)
    [problem] = found.value.problems
    assert problem.pointer == f"/tasks/0/task_config/{place}"
    assert why in problem.message


async def test_uploaded_tasks_run() -> None:
    document = uploaded(
        task("loop", "for_each", {"each": "n", "in": "${ .list }", "do": [
            task("sum", "set_vars", {"variables": {"list": "${ .list }", "sum": "${ .sum + $n }"}})]}),
        task("check", "switch_case", {"cases": [{"name": "big", "when": "${ .sum > 5 }", "then": "fail"}, {"name": "ok", "then": "end"}]}),
        task("fail", "raise_error", {"error": "TooBig", "message": "${ \"sum \\(.sum)\" }"}),
    )  # fmt: skip
    assert await run_document(document, {"list": [1, 2], "sum": 0}) == {"list": [1, 2], "sum": 3}
    with pytest.raises(Fault) as found:
        await run_document(document, {"list": [3, 4], "sum": 0})
    assert (found.value.error["title"], found.value.error["detail"]) == ("TooBig", "sum 7")
