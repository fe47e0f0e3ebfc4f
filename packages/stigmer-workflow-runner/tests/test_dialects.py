"""Documents of related tools run as what they say there, or are refused by name."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

from typing import Any

import pytest

from stigmer_api.dsl.definition import read_text
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document

ZIGFLOW = "document: {dsl: 1.0.0, taskQueue: zig_flow, workflowType: My Example, version: 0.0.1}\n"
STIGMER = "document: {dsl: 1.0.0, namespace: a, name: b, version: 1.0.0, metadata: {dialect: stigmer}}\n"


async def run(text: str, given: Any = None, signals: tuple[str, ...] = ()) -> Any:
    runtime = InProcessRuntime()
    for number, name in enumerate(signals):
        runtime.later(number + 1, lambda name=name: runtime.signal(name, {"by": name}))  # type: ignore[misc] # default
    return await run_document(read_text(text)[0], given, runtime)


def test_the_head_of_zigflow_is_a_namespace_and_a_name() -> None:
    workflow = read_text(ZIGFLOW + "do: [{a: {set: {}}}]")[1]
    assert (workflow.namespace, workflow.name, workflow.version) == ("zig-flow", "my-example", "0.0.1")


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        (ZIGFLOW + "do: [{a: {for: {in: '${ .n }'}, do: [{b: {set: {x: '${ $item }'}}}]}}]", {"n": 2}, [{"x": 0}, {"x": 1}]),
        (ZIGFLOW + "do: [{f: {fork: {branches: [{a: {set: {x: 1}}}, {b: {set: {x: 2}}}]}}}]", None, {"a": {"x": 1}, "b": {"x": 2}}),
        (ZIGFLOW + "do: [{f: {output: {as: '${ .b }'}, fork: {branches: [{a: {set: {x: 1}}}, {b: {set: {x: 2}}}]}}}]", None, {"x": 2}),
        (ZIGFLOW + "do: [{a: {set: {x: 'a ${ .n } b'}}}]", {"n": 2}, {"x": "a ${ .n } b"}),
        (STIGMER + "do: [{a: {set: {x: 'a \"${ .n }\" b ${ .m }'}}}]", {"n": 2, "m": 3}, {"x": 'a "2" b 3'}),
        (STIGMER + "do: [{a: {set: {x: \"${ .s + 'x' }\", y: \"${ \\\"it's\\\" }\"}}}]", {"s": "s"}, {"x": "sx", "y": "it's"}),
        (STIGMER + "do: [{a: {set: {n: 1}, export: {as: '${ . }'}}}, {b: {set: {n: 2}, export: {as: .n}}}, {c: {set: {x: '${ $context.a.n + $context.b }'}}}]", None, {"x": 3}),
        (STIGMER + "do: [{a: {try: [{b: {set: {x: '<${ 1 }>'}}}], catch: {do: [{c: {set: {}}}]}}}]", None, {"x": "<1>"}),
    ],
)  # fmt: skip
async def test_a_document_of_a_dialect_gives_what_it_gives_there(text: Any, given: Any, expected: Any) -> None:
    assert await run(text, given) == expected


async def test_a_signal_handler_of_a_dialect_waits_for_that_signal() -> None:
    document = (
        ZIGFLOW + "do: [{a: {listen: {to: {all: [{with: {id: ok, type: signal}}, {with: {id: go, type: signal}}]}}}}]"
    )
    assert await run(document, None, ("no", "go", "ok")) == [{"by": "go"}, {"by": "ok"}]


def test_an_activity_of_zigflow_is_looked_for_on_the_queue_of_the_head() -> None:
    call = read_text(ZIGFLOW + "do: [{a: {call: activity, with: {name: x, arguments: [1]}}}]")[1].tasks.tasks[0].body
    assert (call.name.value, call.queue.value, call.arguments.value) == ("x", "zig_flow", [1])
    other = read_text(ZIGFLOW + "do: [{a: {call: activity, with: {name: x, taskQueue: mine}}}]")[1].tasks.tasks[0].body
    assert other.queue.value == "mine"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ZIGFLOW + "do: [{a: {listen: {to: {one: {with: {id: q, type: query}}}}}}]", "a listener of type 'query' of the dialect zigflow is not supported yet"),
        (ZIGFLOW + "do: [{a: {set: {x: '${ $data.y }'}}}]", "$data is not part of the DSL"),
        (ZIGFLOW + "do: [{a: {set: {x: '${ $env.Y }'}}}]", "$env is not part of the DSL"),
        (STIGMER.replace("stigmer", "klingon") + "do: [{a: {set: {}}}]", "the dialect 'klingon' is not known: use spec, stigmer, zigflow"),
    ],
)  # fmt: skip
def test_what_a_dialect_has_and_we_have_not_is_refused_by_name(text: Any, reason: Any) -> None:
    with pytest.raises(DocumentInvalidError) as found:
        read_text(text)
    assert reason in str(found.value)


def test_documents_after_the_specification_s_rename_are_documents_of_the_specification() -> None:
    base = "https://open-workflow-specification.org/spec/1.0.0/errors"
    document = STIGMER.replace(", metadata: {dialect: stigmer}", "") + (
        f"do: [{{t: {{try: [{{a: {{raise: {{error: {{type: '{base}/timeout', status: 408}}}}}}}}], catch: {{errors: {{with: {{type: '{base}/timeout'}}}}, then: end}}}}}}]"
    )
    assert read_text(document)[1].name == "b"
