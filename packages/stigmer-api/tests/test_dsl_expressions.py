"""jq in documents: what is an expression, what it may use, and that it can never run away."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest

from stigmer_api.dsl.expressions import (
    ExpressionFailedError,
    ExpressionInvalidError,
    Meter,
    build_template,
    compile_expression,
    is_expression,
)
from stigmer_api.dsl.jq.costs import BUDGET


def evaluate(text: Any, value: Any = None, **variables: Any) -> Any:
    return compile_expression(text).evaluate(value, variables, 1000.5, Meter())


def test_purejq_is_the_version_whose_inside_the_budget_was_built_for() -> None:
    assert version("purejq") == "0.3.1"


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("${ .a.b }", {"a": {"b": 1}}, 1),
        (".a", None, None),
        ("empty", 1, None),
        ("1, 2", None, 1),
        ("now", None, 1000.5),
        ('"Hello \\(.name)!"', {"name": "Ada"}, "Hello Ada!"),
        ("[.[] | select(. > 1)] | add", [1, 2, 3], 5),
        ("to_entries | map(.key)", {"a": 1, "b": 2}, ["a", "b"]),
        ("with_entries(.value += 1)", {"a": 1}, {"a": 2}),
        ("from_entries", [{"key": "a", "value": 1}, {"name": "b", "value": None}, {"k": False, "v": 2}], {"a": 1, "b": None, "false": 2}),
        ("add", ["a", "b"], "ab"),
        ("add", [{"a": 1}, None, {"a": 2, "b": 3}], {"a": 2, "b": 3}),
        ("add", [], None),
        ("until(. > 400; . + 1)", 1, 401),
        (".items |= map(. * 2)", {"items": [1, 2]}, {"items": [2, 4]}),
        ("def f($x; g): $x + g; f(1; 2)", None, 3),
        ("def map(f): 7; map(.)", [1], 7),
        (". as [$a, {b: $c}] | $a + $c", [1, {"b": 2}], 3),
        ("reduce .[] as $x (0; . + $x)", [1, 2, 3], 6),
        ("[foreach .[] as $x (0; . + $x)]", [1, 2, 3], [1, 3, 6]),
        ("[limit(2; range(10))]", None, [0, 1]),
        ("del(.a)", {"a": 1, "b": 2}, {"b": 2}),
        ('try error("x") catch .', None, "x"),
        ("walk(if type == \"number\" then . + 1 else . end)", [1, [2]], [2, [3]]),
        ('[splits("a")]', "bab", ["b", "b"]),
        ("group_by(.k) | map(length)", [{"k": 1}, {"k": 2}, {"k": 1}], [2, 1]),
        ("infinite", None, None),
        ("$x + $y", None, 3),
    ],
)  # fmt: skip
def test_an_expression_gives_its_first_result(text: Any, value: Any, expected: Any) -> None:
    assert evaluate(text, value, x=1, y=2) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("foo(1)", "unknown function foo/1"),
        ("${ .a | }", "not a jq expression"),
        ("${ }", "the expression is empty"),
        ("env", "env is not available"),
        ("$ENV.HOME", "$ENV is not available"),
        ("input", "input is not available"),
        ("debug", "debug is not available"),
        ("halt", "halt is not available: use then: end"),
        ("localtime", "localtime is not available"),
    ],
)
def test_what_cannot_be_compiled_says_why(text: Any, reason: Any) -> None:
    with pytest.raises(
        ExpressionInvalidError, match="^" + reason.replace("$", r"\$").replace("(", r"\(").replace("|", r"\|")[:20]
    ):
        compile_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "[range(60000000)] | length",
        "last(range(1e12))",
        "reduce range(1e9) as $i (0; . + $i)",
        '"x" * 1e9',
        "[1]" + " | . + ." * 40,
        ".[9999999] = 1",
        "setpath([9999999]; 1)",
        "pow(10; 1000000000)",
        "reduce range(60) as $i (2; . * .)",
        "[range(100)] as $a | [$a[] as $x | $a[] as $y | $a[] as $z | $a[] | 1] | length",
        "def f: 1 + f; f",
        "last(repeat(1))",
        "[range(20000)] | .[] |= . + 1",
        "[range(300) | [range(10000)] | tojson] | length",
        '("a" * 100000) | test("b")',
    ],
)
def test_a_runaway_expression_fails_instead_of_running_on(text: Any) -> None:
    with pytest.raises(ExpressionFailedError):
        evaluate(text)


def test_the_cost_of_an_evaluation_is_work_and_not_time() -> None:
    meter = Meter()
    expression = compile_expression("[.[] | select(. > 1)] | length")
    expression.evaluate(list(range(100)), {}, 0.0, meter)
    first, meter.spent = meter.spent, 0
    expression.evaluate(list(range(100)), {}, 0.0, meter)
    assert 100 < first == meter.spent < BUDGET


def test_only_wholly_wrapped_text_is_an_expression_in_a_template() -> None:
    def expression_at(text: Any, _pointer: Any) -> Any:
        return compile_expression(text) if is_expression(text) else None

    template = build_template({"a": "${ .x }", "b": ["${ .y }", "plain ${ .x }"], "c": 1}, expression_at)
    result = template.evaluate(lambda e: e.evaluate({"x": 1, "y": "${ .x }"}, {}, 0.0, Meter()))
    assert result == {"a": 1, "b": ["${ .x }", "plain ${ .x }"], "c": 1}


def test_values_are_never_changed_in_place() -> None:
    given = {"a": [1, 2], "b": {"c": 3}}
    evaluate(".a |= map(. + 1) | .b.c = 9 | del(.b) | .a += [4]", given)
    assert given == {"a": [1, 2], "b": {"c": 3}}


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ('gsub("(a+)+$"; "")', "a" * 30_000 + "b", "a" * 30_000 + "b"),
        ('gsub("\\\\s+"; " ")', "word  " * 5_000, "word " * 5_000),
        ('[scan("\\\\w+")]', "été 2020", ["été", "2020"]),
        ('[match("(a)|(b)"; "g") | [.offset, .captures[1].offset]]', "éab", [[1, -1], [2, 2]]),
        ('capture("(?<y>\\\\d+)-(?<m>\\\\d+)")', "2020-11", {"y": "2020", "m": "11"}),
        ('sub("(?<x>b)"; "<\\(.x)>")', "abb", "a<b>b"),
        ('[.[] | test("A B"; "xi")]', ["ab", "a b"], [True, False]),
        ('split(", *"; null)', "a,b,  c", ["a", "b", "c"]),
        ('[match(""; "g").offset]', "ab", [0, 1, 2]),
        ('[sub("a"; "1", "2")]', "a", ["1", "2"]),
    ],
)  # fmt: skip
def test_regular_expressions_take_linear_time(text: Any, value: Any, expected: Any) -> None:
    assert compile_expression(text).evaluate(value, {}, 0.0, Meter()) == expected


@pytest.mark.parametrize("pattern", ["(?=x)", "(a)\\\\1", "a++", "x{2000}", "("])
def test_a_pattern_that_cannot_run_in_linear_time_is_an_error_of_the_document(pattern: Any) -> None:
    with pytest.raises(ExpressionInvalidError, match="regular expression"):
        compile_expression(f'test("{pattern}")')


@pytest.mark.parametrize("pattern", ["a.*c|b", "(a|b)*a(a|b){25}c|b", "(a|b)*a(a|b){200}c|b"])
def test_many_searches_that_each_read_everything_are_stopped(pattern: Any) -> None:
    with pytest.raises(ExpressionFailedError, match="steps"):
        compile_expression(f'[scan("{pattern}")]').evaluate("ab" * 16_000, {}, 0.0, Meter())
