"""The script format: what it accepts, and what each mistake is told."""

from __future__ import annotations

import textwrap

import pytest

from stigmer_agent_runner.engine.scripted.builtin import SCRIPTS
from stigmer_agent_runner.engine.scripted.script import Call, Fault, parse_script
from stigmer_agent_runner.engine.scripted.templates import check_templates, render
from stigmer_agent_runner.errors import ScriptError

GOOD = """
version: 1
delay_ms: 5
cases:
  - name: sum
    on: {user_contains: [add, numbers], user_matches: "\\\\d+"}
    turns:
      - error: {status: 429, times: 2, retry_after: 0.5}
      - say: Let me add.
        call: [{tool: write_file, args: {path: a, content: "{{user}}"}}, {tool: ls}]
        usage: {in: 3, out: 4}
      - expect_tool: {ls: "..."}
        say: "It is {{tool.ls}}."
        delay_ms: 0
  - turns:
      - error: {status: 500}
"""


def test_a_full_script_is_read_as_written() -> None:
    script = parse_script(GOOD)

    [first, second] = script.cases
    assert first.name == "sum"
    assert first.contains == ("add", "numbers")
    [ask, answer] = first.turns
    assert ask.faults == (Fault(429, 2, 0.5),)
    assert ask.calls == (Call("write_file", {"path": "a", "content": "{{user}}"}), Call("ls"))
    assert (ask.usage, ask.delay_ms, answer.delay_ms) == ((3, 4), 5, 0)
    assert answer.expect == {"ls": "..."}
    assert second.turns[0].faults == (Fault(500),)


def test_the_first_case_that_fits_answers() -> None:
    script = parse_script(GOOD)

    assert script.case_for("Please ADD these numbers: 1 2").name == "sum"
    assert script.case_for("add numbers").name == "script.cases[1]"


def test_builtin_scripts_are_valid() -> None:
    for text in SCRIPTS.values():
        assert parse_script(text).cases


def test_without_a_default_case_the_error_names_the_cases() -> None:
    script = parse_script("version: 1\ncases: [{name: a, on: {user_contains: x}, turns: [{say: y}]}]")

    with pytest.raises(ScriptError, match=r"no case .* \(cases: a\); add a case without `on`"):
        script.case_for("nothing")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: script must be a mapping, not empty"),
        ("[1]", "line 1: script must be a mapping, not a list"),
        ("a: [", "the script is not valid YAML"),
        ("cases: []", "script.version is missing"),
        ("version: 2\ncases: []", "line 1: script.version must be 1"),
        ("version: true\ncases: []", "script.version must be a whole number, not true or false"),
        ("version: 1\ncases: []", "line 2: script.cases needs at least one case"),
        ("version: 1\ncases: x", "line 2: script.cases must be a list, not a text"),
        ("version: 1\ncase: []", "line 2: script.case is not a field of a script; known here: version, cases"),
        ("version: 1\ncases:\n  - turns: []", "line 3: script.cases[0].turns needs at least one turn"),
        ("version: 1\ncases:\n  - on: {contains: x}\n    turns: [{say: x}]", "line 3: script.cases[0].on.contains"),
        ("version: 1\ncases:\n  - on: {user_matches: '('}\n    turns: [{say: x}]", "is not a valid regular expression"),
        (
            "version: 1\ncases:\n  - turns:\n      - {}",
            "line 4: script.cases[0].turns[0] needs `say`, `call` or `error`",
        ),
        ("version: 1\ncases:\n  - turns:\n      - say: 1", "turns[0].say must be a text, not a whole number"),
        ("version: 1\ncases:\n  - turns:\n      - call: [{args: {}}]", "turns[0].call[0].tool is missing"),
        ("version: 1\ncases:\n  - turns:\n      - call: [{tool: ls}]", "ends with a tool call"),
        (
            "version: 1\ncases:\n  - turns:\n      - say: a\n      - say: b",
            "line 5: script.cases[0].turns[1] can never run",
        ),
        ("version: 1\ncases:\n  - turns:\n      - error: {status: 200}", "status must be an HTTP error status"),
        ("version: 1\ncases:\n  - turns:\n      - error: {status: 500, times: 0}", "times must be 1 or more"),
        ("version: 1\ncases:\n  - turns:\n      - error: {status: 500, times: 1}", "needs at least one turn"),
        ("version: 1\ncases:\n  - turns:\n      - say: '{{who}}'", "turns[0].say has the unknown template {{who}}"),
        ("version: 1\ncases:\n  - turns:\n      - say: x\n        delay_ms: -1", "delay_ms must be 0 to 60000"),
        (
            "version: 1\ncases:\n  - turns:\n      - call: [{tool: a, args: {b: [{c: '{{tool.}}'}]}}]",
            "call[0].args has the unknown template {{tool.}}; known are {{user}}",
        ),
    ],
)
def test_a_mistake_names_its_field_and_line(text: str, message: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script(textwrap.dedent(text))
    assert message in str(caught.value)


def test_templates_fill_texts_at_any_depth() -> None:
    value = {"a": ["{{ user }} and {{tool.ls}}", 1, None], "b": r"\{{user}}"}

    assert render(value, "Ada", {"ls": "x"}) == {"a": ["Ada and x", 1, None], "b": "{{user}}"}


def test_a_template_of_a_tool_without_result_says_which_have_one() -> None:
    with pytest.raises(ScriptError, match=r"\{\{tool.ls\}\} has no value: tools with a result so far: grep"):
        render("{{tool.ls}}", "", {"grep": "x"})


def test_plain_braces_are_no_templates() -> None:
    assert check_templates("{a} {{user}} }} {") == ""
