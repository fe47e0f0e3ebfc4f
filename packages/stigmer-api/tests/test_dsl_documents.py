"""Loading and checking documents: everything wrong is found at once, each with its place and line."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

from typing import Any

import pytest

from stigmer_api.dsl.definition import read_text
from stigmer_api.dsl.durations import parse_duration
from stigmer_api.dsl.loader import MAX_BYTES, load_text
from stigmer_api.dsl.problems import DocumentInvalidError

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: flow, version: 1.0.0}\n"


def problems(text: Any) -> Any:
    with pytest.raises(DocumentInvalidError) as found:
        read_text(text)
    return [str(problem) for problem in found.value.problems]


def only(text: Any) -> Any:
    [found] = problems(HEAD + text)
    return found


def test_yaml_1_2_keeps_words_that_older_yaml_turns_into_booleans_and_times() -> None:
    loaded = load_text("on: yes\nat: 2026-01-31\nn: 012\no: 0o14\nf: 1.5\nempty:\n")
    assert loaded.value == {"on": "yes", "at": "2026-01-31", "n": 12, "o": 12, "f": 1.5, "empty": None}
    assert loaded.lines["/at"] == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\nb: 2\na: 3", "line 1, /: the key 'a' is written twice, again in line 3"),
        ("a: [1, 2", "not valid YAML"),
        ("", "the document is empty"),
        ("a: !!python/object:os.system x", "the tag"),
        ("? [1, 2]\n: x", "a key must be text"),
        ("base: &b {x: 1}\nuse:\n  <<: *b", "merge keys"),
        ("a: " + "[" * 120 + "]" * 120, "deeper than 100 levels"),
        ("a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(f"{c}: &{c} [{','.join(['*' + p] * 10)}]\n" for p, c in zip("abcde", "bcdef", strict=True)), "more than 100000 values"),
        ("a: " + "x" * MAX_BYTES, "the limit is"),
    ],
    ids=["duplicate", "syntax", "empty", "tag", "key", "merge", "depth", "bomb", "size"],
)  # fmt: skip
def test_text_that_is_no_plain_data_is_refused(text: Any, reason: Any) -> None:
    with pytest.raises(DocumentInvalidError) as found:
        load_text(text)
    assert reason in str(found.value)


def test_every_problem_is_reported_at_once_with_its_line() -> None:
    found = problems(
        "document: {dsl: '0.8', namespace: Bad Name, version: one}\n"
        "do:\n"
        "- a: {sett: {x: 1}}\n"
        "- b: {set: {x: '${ foo( }'}, then: nowhere}\n"
        "- b: {wait: {sec: 1}, if: $nope, colour: red}\n"
        "- c: {switch: [{x: {then: b}}, {y: {then: end}}]}\n"
    )
    assert [text.split(":")[0] for text in found] == [
        "line 1, /document",
        "line 1, /document/dsl",
        "line 1, /document/namespace",
        "line 1, /document/version",
        "line 3, /do/0/a",
        "line 4, /do/1/b/set/x",
        "line 4, /do/1/b/then",
        "line 5, /do/2/b",
        "line 5, /do/2/b/colour",
        "line 5, /do/2/b/wait",
        "line 5, /do/2/b/if",
        "line 6, /do/3/c/switch",
    ]


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("fork: {branches: []}", "must be a list with at least one task"),
        ("fork: {branches: [{a: {set: {}}}]}, metadata: {concurrency: 0}", "must be a whole number of at least 1"),
        ("listen: {to: {one: {with: {type: x}}, any: []}}", "needs exactly one of one, any and all"),
        ("listen: {to: {one: {with: {}}}}", "at least one attribute of the event"),
        ("listen: {to: {all: []}}", "must have at least one event filter"),
        ("listen: {to: {all: [{with: {type: x}}], until: '.'}}", "'until' belongs to 'any'"),
        ("listen: {to: {any: [], until: {any: [], until: '.'}}}", "unknown key 'until'"),
        ("listen: {to: {any: []}, read: all}", "must be one of data, envelope, raw, not 'all'"),
        ("listen: {to: {one: {with: {type: x}, correlate: {k: {expect: 1}}}}}", "needs 'from'"),
        ("listen: {to: {any: []}}, foreach: {do: [{a: {set: {x: '${ $event }'}}}]}", "$event does not exist here"),
        ("emit: {event: {with: {data: 1}}}", "needs 'type'"),
        ("emit: {event: {}}", "needs 'with'"),
        ("call: human, with: {}", "needs 'prompt'"),
        ("call: human, with: {prompt: Go?, approvers: ada}", "must be a list of names"),
        ("call: human, with: {prompt: Go?, form: 5}", "must be a JSON schema as an object"),
        ("call: human, with: {prompt: Go?, form: {type: thing}}", "not a JSON schema that can be checked"),
        ("call: grpc, with: {service: {host: h}}", "needs 'method'"),
        ("call: activity, with: {}", "needs 'name'"),
        ("call: activity, with: {name: x, taskQueue: workflow_execution_runner}", "belongs to a runner: use a queue of your own"),
        ("call: activity, with: {name: x, arguments: 5}", "must be a list, or an expression that gives one"),
        ("call: activity, with: {name: x, arguments: ['${ $secrets.key }']}", "$secrets is available only where"),
        ("call: activity, with: {name: x, retryPolicy: {maximumAttempts: -1}}", "must be a whole number of at least 0"),
        ("call: activity, with: {name: x, retryPolicy: {backoffCoefficient: 0.5}}", "must be a number of at least 1"),
        ("call: myFunction", "'myFunction' is neither a kind of call"),
        ("run: {shell: {command: ls}, script: {language: js, code: x}}", "needs exactly one of container, script, shell, workflow"),
        ("run: {shell: {}}", "needs 'command'"),
        ("run: {shell: {command: ls}, return: everything}", "must be one of stdout, stderr, code, all, none"),
        ("run: {script: {language: ruby, code: x}}", "the language 'ruby' is not supported: use js, javascript, python"),
        ("run: {script: {language: js}}", "needs either 'code' or 'source'"),
        ("run: {container: {image: x, lifetime: {cleanup: eventually}}}", "'after' belongs to cleanup: eventually, which needs it"),
        ("run: {container: {image: x, environment: 5}}", "must be an object or an expression that gives one"),
        ("call: http, with: {method: get, endpoint: {uri: 'http://x/', authentication: {basic: {username: u}}}}", "needs 'password'"),
        ("set: {x: 1}, input: {schema: {}}", "needs either 'document' or 'resource'"),
        ("set: {x: 1}, input: {schema: {format: avro, document: {}}}", "the schema format 'avro' is not supported: use json"),
        ("set: {x: 1}, output: {schema: {document: {type: strin}}}", "not a JSON schema that can be checked, at /type"),
        ("set: {x: '${ test(\"(?=a)\") }'}", "the regular expression '(?=a)' is not supported"),
        ("set: {x: '${ $secrets.key }'}", "$secrets is available only where the value goes to a call"),
        ("set: {x: 'Bearer ${.secrets.KEY}!'}", "are filled in only where the value goes to a call"),
        ("set: {x: '${.secrets.KEY}'}", "are filled in only where the value goes to a call"),
        ("call: http, with: {method: get, endpoint: {uri: 'http://x/', authentication: {certificate: {certificate: x}}}}", "needs 'key'"),
        ("call: http, with: {method: get, endpoint: {uri: 'http://x/', authentication: {use: nobody}}}", "use.authentications has no 'nobody'"),
        ("call: http, with: {method: get, endpoint: {uri: 'http://x/', authentication: {bearer: {use: key}}}}", "use.secrets does not declare 'key'"),
        ("call: http, with: {method: get, endpoint: 'http://x/', body: '${ $secrets.key }'}", "use.secrets does not declare 'key'"),
        ("call: http, with: {method: get, endpoint: 'http://x/', body: '${ \"a ${.secrets.KEY}\" }'}", "a placeholder cannot stand inside an expression"),
        ("call: http, with: {method: get, endpoint: {uri: 'http://x/', authentication: {oauth2: {authority: 'http://x', grant: authorization_code}}}}", "it needs a person with a browser"),
        ("call: 'log:1.0.0@shop'", "use.catalogs has no 'shop'"),
        ("set: {x: '${ $output }'}", "$output does not exist here"),
        ("set: 5", "must be an object or an expression"),
        ("wait: 5", "a duration is an object such as"),
        ("wait: {until: tomorrow}", "is not an RFC 3339 time"),
        ("call: http, with: {method: fetch, endpoint: 'http://x/'}", "must be one of DELETE, GET"),
        ("call: http, with: {method: get, endpoint: 'ftp://x/'}", "must be an absolute http:// or https:// URI"),
        ("call: http", "needs 'with'"),
        ("call: agent, with: {agent: x}", "needs 'message'"),
        ("for: {in: .x}", "a for task needs 'do'"),
        ("try: [{a: {set: {}}}]", "a try task needs 'catch'"),
        ("try: [{a: {set: {}}}], catch: {retry: missing}", "use.retries has no 'missing'"),
        ("try: [{a: {set: {}}}], catch: {retry: {backoff: {constant: {}, linear: {}}}}", "needs exactly one of"),
        ("raise: {error: missing}", "use.errors has no 'missing'"),
        ("raise: {error: {type: 'https://x'}}", "needs 'status'"),
        ("run: {workflow: {name: x, namespace: y}}", "needs 'version'"),
        ("do: []", "must be a list with at least one task"),
        ("set: {}, timeout: {after: soon}", "'soon' is not an ISO 8601 duration"),
    ],
)  # fmt: skip
def test_a_task_that_cannot_run_is_refused_by_name_and_place(task: Any, reason: Any) -> None:
    assert reason in only(f"do: [{{t: {{{task}}}}}]")


def test_names_of_tasks_in_other_scopes_are_no_targets() -> None:
    assert "there is no task 'inner' in this list: use one of continue, exit, end, outer, after" in only(
        "do: [{outer: {do: [{inner: {set: {}}}]}}, {after: {set: {}, then: inner}}]"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("schedule: {on: {one: {with: {type: x}}, all: []}}", "needs exactly one of one, any and all"),
        ("schedule: {on: {one: {with: {type: '${ $context }'}}}}", "$context does not exist here"),
        ("schedule: {on: {any: [{with: {signalname: go}}]}}", "signals go to executions that run, and start none"),
        ("schedule: {on: {any: [], until: $input}}", "$input does not exist here"),
        ("schedule: {on: {one: {with: {type: x}}}, read: all}", "must be one of data, envelope, raw"),
        ("schedule: {after: PT1S, read: data}", "'read' belongs to 'on'"),
        ("schedule: {}", "needs exactly one of every, cron, after, on"),
        ("schedule: {cron: '0 25 * * *'}", "hour '25' is not between 0 and 23"),
        ("schedule: {cron: '* * * * * *'}", "write five fields"),
        ("schedule: {every: PT0.5S}", "must be at least 1 s"),
        ("schedule: {after: soon}", "is not an ISO 8601 duration"),
        ("evaluate: {mode: lose}", "the mode 'lose' does not exist: use strict or loose"),
        ("evaluate: {language: cel}", "the expression language 'cel' is not supported yet: use jq"),
        ("use: {extensions: {}}", "must be a list of named extensions"),
        ("use: {extensions: [{x: {extend: calls}}]}", "'calls' is no type of task"),
        ("use: {extensions: [{x: {extend: call, when: $nobody}}]}", "$nobody does not exist here"),
        ("use: {extensions: [{x: {extend: call, before: [{a: {sett: {}}}]}}]}", "the task 'a' has sett"),
    ],
)
def test_what_the_top_level_cannot_have_is_refused(text: Any, reason: Any) -> None:
    assert reason in only(f"do: [{{a: {{set: {{}}}}}}]\n{text}\n")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ({"days": 1, "hours": 2, "minutes": 3, "seconds": 4, "milliseconds": 500}, 93784.5),
        ("PT5S", 5), ("P1DT12H", 129600), ("PT0.5S", 0.5), ("P1W", 604800), ("P1Y", 31536000), ("P1M", 2592000), ("PT1M", 60),
    ],
)  # fmt: skip
def test_durations_are_seconds(value: Any, seconds: Any) -> None:
    assert parse_duration(value) == seconds


@pytest.mark.parametrize(
    "value", ["5s", "P", "PT", "", {}, {"seconds": -1}, {"seconds": 1.5}, {"weeks": 1}, 5, None, "P99Y"]
)
def test_what_is_no_duration_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_duration(value)
