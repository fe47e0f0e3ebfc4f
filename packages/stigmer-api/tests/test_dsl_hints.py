"""Hints about valid documents, guesses in messages, and drawings."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

from typing import Any

import pytest

from stigmer_api.dsl.definition import read_text
from stigmer_api.dsl.graph import mermaid
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_api.workflows.checking import check_source

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: flow, version: 1.0.0}\n"


def hints(text: str) -> list[str]:
    verdict = check_source(HEAD + text)
    assert verdict.problems == ()
    return [f"{hint.line} {hint.pointer}: {hint.message}" for hint in verdict.hints]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("do: [{a: {set: {x: 'Hello ${ .x }'}}}]", "2 /do/0/a/set/x: an expression inside a text is plain text"),
        ("do: [{a: {set: {x: '{{ name }}'}}}]", "2 /do/0/a/set/x: {{ }} is plain text here"),
        ("do: [{a: {set: {x: '${{ a: 1 }}'}}}]", "2 /do/0/a/set/x: ${{ }} is an expression that gives an object"),
        ("do: [{a: {set: {x: $context.y}}}]", "2 /do/0/a/set/x: $context.y is plain text here"),
        ("do: [{a: {set: {x: $.y}}}]", "2 /do/0/a/set/x: $.y is plain text here"),
        ("do: [{a: {if: '\"yes\"', set: {}}}]", '2 /do/0/a/if: "yes" is the same for every input'),
        ("do: [{a: {set: {}, then: end}}, {b: {set: {}}}]", "2 /do/1/b: no task leads to 'b'"),
        ("do: [{a: {try: [{b: {set: {}}}], catch: {retry: {delay: PT1S}}}}]", "2 /do/0/a/catch/retry: retries without a limit"),
        ("use: {timeouts: {t: {after: PT1S}}}\ndo: [{a: {set: {}}}]", "2 /use/timeouts/t: nothing uses 't'"),
    ],
)  # fmt: skip
def test_what_is_hardly_meant_is_a_hint_with_its_place(text: Any, expected: Any) -> None:
    [found] = hints(text)
    assert found.startswith(expected)


@pytest.mark.parametrize(
    "text",
    [
        "do: [{a: {set: {x: '${ \"Hello \\(.x)\" }', y: 'costs $5', z: '{ }'}}}]",
        "do: [{a: {if: .x, set: {}, then: end}}, {b: {set: {}}}]",
        "do: [{a: {switch: [{x: {when: .x, then: c}}]}}, {b: {set: {}, then: exit}}, {c: {set: {}}}]",
        "do: [{a: {run: {shell: {command: 'echo ${HOME} {{x}}'}}}}]",
        "do: [{a: {set: {}, output: {as: '${ .x }', schema: {document: {default: '{{ x }}'}}}}}]",
        "use: {functions: {f: {set: {}}}, errors: {e: {type: 'https://x', status: 5}}}\ndo: [{a: {call: f}}, {b: {raise: {error: e}}}]",
        "evaluate: {mode: loose}\ndo: [{a: {set: {x: $context.y}}}]",
    ],
)  # fmt: skip
def test_what_is_meant_gives_no_hint(text: Any) -> None:
    assert hints(text) == []


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("parallel: []", "write fork: {branches: [...]}"),
        ("http: {method: get}", "write call: http and with"),
        ("delay: 5", "write wait: {seconds: 5}"),
        ("shell: {command: ls}", "write run: {shell: ...}"),
        ("call: http, with: {method: get, url: 'http://x/'}", "(did you mean 'endpoint'?)"),
        ("set: {}, ouput: {as: .}", "(did you mean 'output'?)"),
    ],
)
def test_a_mistake_that_is_often_made_is_answered_with_what_was_meant(task: Any, reason: Any) -> None:
    with pytest.raises(DocumentInvalidError) as found:
        read_text(HEAD + f"do: [{{t: {{{task}}}}}]")
    assert reason in str(found.value)


def test_a_document_is_drawn_with_its_lists_and_its_ways() -> None:
    document = """
do:
  - pick: {switch: [{big: {when: '.n > 5', then: all}}]}
  - each: {for: {in: .list}, do: [{work: {wait: PT1S}}], then: end}
  - all: {fork: {compete: true, branches: [{left: {set: {}}}, {right: {set: {}}}]}}
  - safe: {try: [{risky: {set: {}}}], catch: {do: [{mend: {set: {}}}]}, if: .ok, then: pick}
"""
    assert mermaid(read_text(HEAD + document)[1]).splitlines() == [
        "flowchart TD",
        '  start(["flow 1.0.0"]) --> t0',
        '  t0{"pick"}',
        '  subgraph t1["each: for"]',
        '    subgraph t1_0["for each item"]',
        '      t4["work<br/>wait"]',
        "    end",
        "  end",
        '  subgraph t2["all: first of"]',
        '    subgraph t2_0["left"]',
        '      t5["left<br/>set"]',
        "    end",
        '    subgraph t2_1["right"]',
        '      t6["right<br/>set"]',
        "    end",
        "  end",
        '  subgraph t3["safe: try<br/>if .ok"]',
        '    subgraph t3_0["try"]',
        '      t7["risky<br/>set"]',
        "    end",
        '    subgraph t3_1["catch"]',
        '      t8["mend<br/>set"]',
        "    end",
        "  end",
        "  finish([end])",
        '  t0 -->|".n #gt; 5"| t2',
        '  t0 -->|"else"| t1',
        "  t1 --> finish",
        "  t2 --> t3",
        "  t3_0 -. error .-> t3_1",
        "  t3 --> t0",
        '  t3 -->|"skipped"| finish',
    ]
