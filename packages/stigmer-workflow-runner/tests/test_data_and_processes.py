"""Schemas, extensions, loose evaluation and processes, on the engine without Temporal."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from runner_documents import HEAD
from runner_testing import offline_calls

from stigmer_api.dsl.loader import load_text
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document


async def run(text: str, given: Any = None, drain_every: int = 0, **settings: Any) -> Any:
    web, calls = offline_calls(**settings)
    try:
        return await run_document(load_text(HEAD + text).value, given, InProcessRuntime(calls, drain_every=drain_every))
    finally:
        await web.close()


async def error_of(text: str, given: Any = None, **settings: Any) -> Any:
    with pytest.raises(Fault) as found:
        await run(text, given, **settings)
    return found.value.error


def kind_of(error: Any) -> tuple[str, int]:
    return error["type"].rpartition("/")[2], error["status"]


STRING = "schema: {document: {type: string}}"


@pytest.mark.parametrize(
    ("text", "instance", "detail"),
    [
        (f"input: {{{STRING}}}\ndo: [{{a: {{set: {{x: 1}}}}}}]", "/input", 'input.schema: /: 5 is not of type "string"'),
        (f"output: {{as: .x, {STRING}}}\ndo: [{{a: {{set: {{x: 1}}}}}}]", "/output", "output.schema: /: 1 is not"),
        (f"do: [{{a: {{input: {{from: '\"text\"', {STRING}}}, set: {{x: 1}}}}}}]", "/do/0/a", "input.schema: /: 5 is not"),
        (f"do: [{{a: {{set: {{x: 1}}, output: {{as: .x, {STRING}}}}}}}]", "/do/0/a", "output.schema: /: 1 is not"),
        (f"do: [{{a: {{set: {{x: 1}}, export: {{as: .x, {STRING}}}}}}}]", "/do/0/a", "export.schema: /: 1 is not"),
    ],
)  # fmt: skip
async def test_data_that_does_not_fit_its_schema_is_a_validation_error(text: Any, instance: Any, detail: Any) -> None:
    error = await error_of(text, 5)
    assert kind_of(error) == ("validation", 400)
    assert error["instance"] == instance
    assert error["detail"].startswith(detail)


async def test_a_validation_error_of_a_task_can_be_caught() -> None:
    document = f"do: [{{t: {{try: [{{a: {{input: {{{STRING}}}, set: {{x: 1}}}}}}], catch: {{errors: {{with: {{status: 400}}}}, do: [{{b: {{set: {{caught: '${{ $error.status }}'}}}}}}]}}}}}}]"
    assert await run(document, 5) == {"caught": 400}


async def test_the_output_is_checked_after_it_was_transformed_and_the_input_before() -> None:
    document = f"do: [{{a: {{input: {{from: length, {STRING}}}, set: {{n: '${{ . }}'}}, output: {{as: '.n | tostring', {STRING}}}}}}}]"
    assert await run(document, "four") == "4"


async def test_a_schema_elsewhere_is_read_once_and_stays_the_same(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"type": "object", "required": ["n"]}))
    schema = "input: {schema: {resource: {endpoint: 'file://s.json'}}}"
    document = f"do: [{{l: {{for: {{in: '[1, 2]'}}, do: [{{a: {{{schema}, set: {{n: 1}}}}}}]}}}}]"
    assert await run(document, {"n": 0}, files_directory=tmp_path) == {"n": 1}
    error = await error_of(document, {}, files_directory=tmp_path)
    assert kind_of(error) == ("validation", 400)
    (tmp_path / "s.json").write_text('{"type": 5}')
    assert kind_of(await error_of(document, {"n": 0}, files_directory=tmp_path)) == ("configuration", 400)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("{type: strin}", "not a JSON schema"),
        ("{$ref: 'http://localhost/x'}", "leaves the schema"),
        ("{$ref: '#/$defs/x'}", "leads nowhere"),
        ("{pattern: '(?=a)'}", "not a JSON schema"),
        ("[]", "is an object"),
        ("{$defs: {" + ", ".join(f"a{i}: {{anyOf: [{{$ref: '#/$defs/a{i + 1}'}}, {{$ref: '#/$defs/a{i + 1}'}}]}}" for i in range(20)) + ", a20: {type: string}}, $ref: '#/$defs/a0'}", "more than 100000 subschemas"),
    ],
    ids=["type", "outside", "nowhere", "pattern", "list", "explosion"],
)  # fmt: skip
async def test_a_schema_that_cannot_be_checked_is_a_problem_of_the_document(schema: Any, reason: Any) -> None:
    with pytest.raises(DocumentInvalidError, match=reason):
        await run(f"input: {{schema: {{document: {schema}}}}}\ndo: [{{a: {{set: {{}}}}}}]")


async def test_deep_data_cannot_make_a_recursive_schema_run_for_ever() -> None:
    nested: Any = "x"
    for _ in range(60):
        nested = [nested]
    schema = "{anyOf: [{items: {$ref: '#'}, minItems: 2}, {items: {$ref: '#'}, type: string}]}"
    error = await error_of(f"input: {{schema: {{document: {schema}}}}}\ndo: [{{a: {{set: {{}}}}}}]", nested)
    assert "more than 16 levels" in error["detail"]


async def test_loose_evaluation_tries_every_text_and_keeps_what_is_none() -> None:
    document = "evaluate: {mode: loose}\ndo: [{a: {set: {x: .a, y: hello world, z: first, w: '${ .a }', n: 1 + 1, u: $nobody}}}]"
    assert await run(document, {"a": 5}) == {"x": 5, "y": "hello world", "z": "first", "w": 5, "n": 2, "u": "$nobody"}
    assert await run(document.replace("loose", "strict"), {"a": 5}) == {
        "x": ".a", "y": "hello world", "z": "first", "w": 5, "n": "1 + 1", "u": "$nobody",
    }  # fmt: skip


EXTENDED = """
use:
  extensions:
    - log:
        extend: set
        when: '.skip != true'
        before: [{b: {set: {m: '${ $task.name }'}, export: {as: '$context + {log: (($context.log // []) + ["before " + .m])}'}}}]
        after: [{a: {set: {m: '${ $task.output.x }'}, export: {as: '$context + {log: ($context.log + ["after \\(.m)"])}'}}}]
    - all:
        extend: all
        before: [{c: {set: {}, export: {as: '$context + {log: (($context.log // []) + ["all"])}'}}}]
do:
  - one: {set: {x: 1}}
  - two: {wait: {seconds: 1}}
  - three: {set: {x: 2, skip: true}}
  - four: {set: {x: 3, log: '${ $context.log }'}}
"""


@pytest.mark.parametrize("drain_every", [0, 1])
async def test_extensions_run_around_the_tasks_they_extend_and_leave_the_data_alone(drain_every: Any) -> None:
    found = await run(EXTENDED, {}, drain_every)
    assert found == {"x": 3, "log": ["before one", "all", "after 1", "all", "before three", "all", "after 2", "all"]}


async def test_exit_in_before_takes_the_place_of_the_task() -> None:
    document = "use: {extensions: [{mock: {extend: run, before: [{m: {set: {mocked: true}, then: exit}}], after: [{n: {raise: {error: {type: 'https://x', status: 500}}}}]}}]}\ndo: [{a: {run: {shell: {command: 'exit 3'}}, output: {as: .mocked}}}]"
    assert await run(document) is True


async def test_end_in_an_extension_ends_the_workflow() -> None:
    document = "use: {extensions: [{stop: {extend: wait, before: [{m: {set: {over: 1}, then: end}}]}}]}\ndo: [{a: {wait: {seconds: 1}}}, {b: {set: {x: 1}}}]"
    assert await run(document) == {"over": 1}


# --- processes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("shell: {command: 'echo \"$1 $X\" | tr a-z A-Z; cat', arguments: [hi], environment: {X: '${ .x }'}, stdin: '${ . }'}", 'HI THERE\n{"x": "there"}'),
        ("shell: {command: 'echo out; echo err >&2; exit 3'}, return: all", {"code": 3, "stdout": "out\n", "stderr": "err\n"}),
        ("shell: {command: 'exit 7'}, return: code", 7),
        ("shell: {command: 'kill -9 $$'}, return: code", 137),
        ("shell: {command: 'echo x >&2'}, return: stderr", "x\n"),
        ("shell: {command: 'echo x'}, return: none", None),
        ("shell: {command: 'sleep 600 & echo left behind'}", "left behind\n"),
        ("script: {language: python, code: 'import sys; print(sys.argv[1:], sys.stdin.read())', arguments: [a, 'b c'], stdin: '${ .x }'}", "['a', 'b c'] there\n"),
        ("shell: {command: 'exit 1'}, await: false", {"x": "there"}),
    ],
)  # fmt: skip
async def test_a_process_gives_what_return_says(given: Any, expected: Any) -> None:
    assert await run(f"do: [{{a: {{run: {{{given}}}}}}}]", {"x": "there"}) == expected


async def test_a_process_sees_nothing_of_the_runner_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIGMER_TOKEN", "secret")
    found = await run("do: [{a: {run: {shell: {command: env, environment: {MINE: 1}}}}}]")
    names = {line.partition("=")[0] for line in found.splitlines()}
    assert names - {"_", "PWD", "SHLVL", "OLDPWD"} <= {"PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "MINE"}
    assert "MINE" in names


async def test_a_code_that_is_not_zero_is_an_error_that_tells_what_was_said() -> None:
    error = await error_of("do: [{a: {run: {shell: {command: 'echo no luck >&2; exit 4'}}}}]")
    assert kind_of(error) == ("runtime", 500)
    assert error["detail"] == "run shell ended with code 4: no luck"


def living(group: int) -> list[str]:
    """Processes of a group that still run; one that nobody has fetched yet does not."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(path.parent.name)
    return found


async def test_a_process_that_writes_too_much_or_takes_too_long_is_killed(tmp_path: Path) -> None:
    assert (
        "wrote more than 4096 bytes"
        in (await error_of("do: [{a: {run: {shell: {command: yes}}}}]", http_max_bytes=4096))["detail"]
    )
    pid = tmp_path / "pid"
    document = f"do: [{{a: {{run: {{shell: {{command: 'echo $$ > {pid}; sleep 600 & wait'}}}}, timeout: {{after: {{milliseconds: 300}}}}}}}}]"
    assert kind_of(await error_of(document)) == ("timeout", 408)
    assert living(int(pid.read_text())) == []


@pytest.mark.parametrize(
    ("given", "settings", "kind", "detail"),
    [
        ("shell: {command: ls}", {"run_shell": False}, "authorization", "workflow_runner.shell is off"),
        ("script: {language: js, code: x}", {"run_scripts": False}, "authorization", "workflow_runner.scripts is off"),
        ("container: {image: x}", {"run_containers": False}, "authorization", "workflow_runner.containers is off"),
        ("container: {image: x}", {"run_container_command": "no-such-command"}, "configuration", "there is no no-such-command"),
        ("script: {language: js, code: x}", {"run_node": "no-such-node"}, "configuration", "workflow_runner.node"),
        ("shell: {command: ls, arguments: '${ 5 }'}", {}, "expression", "arguments must give a list"),
    ],
)  # fmt: skip
async def test_what_a_runner_does_not_run_is_a_clear_error(given: Any, settings: Any, kind: Any, detail: Any) -> None:
    error = await error_of(f"do: [{{a: {{run: {{{given}}}}}}}]", **settings)
    assert kind_of(error)[0] == kind
    assert detail in error["detail"]


async def test_a_script_elsewhere_is_read_by_the_activity(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("print('from a file')")
    document = "do: [{a: {run: {script: {language: python, source: {endpoint: 'file://s.py'}}}}}]"
    assert await run(document, files_directory=tmp_path) == "from a file\n"


STAND_IN = """#!/bin/sh
if [ "$1" = run ]; then
  printf '%s\\n' "$@" "X=$X" "HOME-was-given=${HOME:+yes}"
  cat
  [ "$IMAGE_FAILS" ] && exit 125
fi
echo "$*" >> "$0.log"
[ "$1" = run ] && [ "$X" = slow ] && sleep 600
exit 0
"""


@pytest.fixture
def container_command(tmp_path: Path) -> Path:
    """A stand-in for docker: says how it was called, and keeps a list."""
    path = tmp_path / "docker"
    path.write_text(STAND_IN)
    path.chmod(0o755)
    return path


def said_to(command: Path) -> str:
    """What the stand-in was called with."""
    return Path(f"{command}.log").read_text()


async def test_a_container_is_run_by_the_command_line_of_docker(container_command: Path) -> None:
    document = "do: [{a: {run: {container: {image: alpine, name: '${ \"n-\" + .id }', command: 'echo $1', arguments: [hi], environment: {X: fast, HOME: /root}, ports: {'8080': 80}, volumes: {/a: /b}, stdin: in, pullPolicy: never, lifetime: {cleanup: always}}}}}]"
    found = await run(document, {"id": "7"}, run_container_command=str(container_command))
    assert found.splitlines() == [
        "run", "--interactive", "--name", "n-7", "--pull", "never", "--rm", "--publish", "8080:80", "--volume", "/a:/b",
        "--env", "X", "--env", "HOME=/root", "alpine", "/bin/sh", "-c", "echo $1", "sh", "hi",
        "X=fast", "HOME-was-given=yes", "in",
    ]  # fmt: skip


async def test_a_container_is_removed_when_its_task_is_cut_off(container_command: Path) -> None:
    document = "do: [{a: {run: {container: {image: alpine, name: slow, environment: {X: slow}}}, timeout: {after: {milliseconds: 400}}}}]"
    assert kind_of(await error_of(document, run_container_command=str(container_command)))[0] == "timeout"
    assert "rm --force slow" in said_to(container_command)


async def test_a_container_that_cannot_be_run_is_an_error_of_the_configuration(container_command: Path) -> None:
    document = "do: [{a: {run: {container: {image: x, environment: {IMAGE_FAILS: '1'}}}}}]"
    error = await error_of(document, run_container_command=str(container_command))
    assert kind_of(error)[0] == "configuration"
