"""Manifests: what is read from them, and what every kind of mistake says."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from stigmer_cli.errors import UsageError
from stigmer_cli.manifest.loading import load_manifests
from stigmer_cli.manifest.problems import ManifestError
from stigmer_cli.manifest.resources import Manifest

AGENT = """\
apiVersion: agentic.stigmer.ai/v1
kind: Agent
metadata: {name: greeter}
spec:
  instructions: You greet people politely.
"""

WORKFLOW = """\
document: {dsl: 1.0.0, namespace: demo, name: hello, version: 0.1.0}
do:
  - first: {set: {x: 1}}
"""


def load(tmp_path: Path, text: str) -> list[Manifest]:
    path = tmp_path / "file.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return load_manifests([str(path)], "local")


def message_of(tmp_path: Path, text: str) -> Any:
    return load(tmp_path, text)[0].message


def complaints(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, text)
    assert caught.value.exit_code == 2
    return [str(item).removeprefix(f"{tmp_path}/") for item in caught.value.problems]


def with_spec(lines: str) -> str:
    """An agent whose spec has these lines more, starting at line 6."""
    return AGENT + "".join(f"  {line}\n" for line in dedent(lines).splitlines())


def with_source(task: str) -> str:
    """A workflow with a source whose only task is in line 9."""
    lines = f"document: {{dsl: 1.0.0, namespace: a, name: b, version: 1.0.0}}\ndo:\n- first:\n    {task}\n"
    head = "apiVersion: agentic.stigmer.ai/v1\nkind: Workflow\nmetadata: {name: other}\nspec:\n  source: |\n"
    return head + "".join(f"    {line}\n" for line in lines.splitlines())


def with_tasks(task: str) -> str:
    """A workflow whose only uploaded task is in line 8."""
    head = "apiVersion: agentic.stigmer.ai/v1\nkind: Workflow\nmetadata: {name: w}\nspec:\n  document:\n"
    return f"{head}    {{dsl: 1.0.0, namespace: a, name: w, version: 0.1.0}}\n  tasks:\n  - {{name: first, {task}}}\n"


def test_a_resource_is_read_as_it_is_written(tmp_path: Path) -> None:
    agent = message_of(
        tmp_path,
        with_spec(
            """\
            model: scripted
            skillRefs: [{kind: skill, slug: cooking}]
            sub_agents:
            - {name: helper, instructions: You help with everything.}
            env:
              KEY: {description: a key}
            """
        ),
    )
    assert agent.metadata.name == "greeter"
    assert agent.metadata.org == "local"
    assert agent.spec.model == "scripted"
    assert agent.spec.skill_refs[0].kind == 43
    assert agent.spec.sub_agents[0].name == "helper"
    assert agent.spec.env["KEY"].description == "a key"


def test_a_plain_workflow_document_becomes_a_workflow_with_its_text_as_source(tmp_path: Path) -> None:
    found = load(tmp_path, f"# two of them\n{WORKFLOW}---\n{AGENT}")
    assert [(item.kind.name, item.name, item.line) for item in found] == [
        ("Workflow", "hello", 2),
        ("Agent", "greeter", 6),
    ]
    assert found[0].message.spec.source == WORKFLOW


def test_a_workflow_with_a_source_of_its_own_stays_as_it_is(tmp_path: Path) -> None:
    text = "apiVersion: agentic.stigmer.ai/v1\nkind: Workflow\nmetadata: {name: other}\nspec:\n  source: |\n" + "".join(
        f"    {line}\n" for line in WORKFLOW.splitlines()
    )
    found = message_of(tmp_path, text)
    assert found.metadata.name == "other"
    assert found.spec.source == WORKFLOW


def test_directories_are_read_whole_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "z.yaml").write_text(AGENT)
    (tmp_path / "b" / "w.yml").write_text(WORKFLOW)
    (tmp_path / "b" / "j.json").write_text(
        '{"document": {"dsl": "1.0.0", "namespace": "demo", "name": "json", "version": "0.1.0"},'
        ' "do": [{"a": {"set": {}}}]}'
    )
    (tmp_path / "b" / "notes.txt").write_text("not: [a manifest")
    (tmp_path / ".hidden" / "x.yaml").write_text("not: [a manifest")
    monkeypatch.setattr("sys.stdin", io.StringIO(AGENT.replace("greeter", "from-stdin")))

    found = load_manifests([str(tmp_path), "-"], "local")

    assert [item.name for item in found] == ["json", "hello", "greeter", "from-stdin"]


def test_yaml_is_version_1_2_with_anchors_and_merges(tmp_path: Path) -> None:
    agent = message_of(
        tmp_path,
        """\
        apiVersion: agentic.stigmer.ai/v1
        kind: Agent
        metadata:
          name: yes
          labels: {a: &shared x, b: *shared, day: 2026-01-01}
        spec:
          <<: &defaults {description: on, instructions: You do what is asked.}
          description: off
        """,
    )
    assert agent.metadata.name == "yes"
    assert dict(agent.metadata.labels) == {"a": "x", "b": "x", "day": "2026-01-01"}
    assert agent.spec.description == "off"
    assert agent.spec.instructions == "You do what is asked."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1\n", "file.yaml:2: this is not YAML: expected ',' or ']'"),
        ("a: 1\n b: 2\n", "file.yaml:2: this is not YAML: mapping values are not allowed here"),
        ("just text\n", 'file.yaml:1: expected a resource (a mapping), found the text "just text"'),
        ("- 1\n", "file.yaml:1: expected a resource (a mapping), found a list"),
        (AGENT.replace("kind: Agent", "kind: Agnet"), 'file.yaml:2: kind: unknown kind "Agnet". Did you mean Agent'),
        (AGENT.replace("kind: Agent", "kind: Banana"), 'file.yaml:2: kind: unknown kind "Banana". Known kinds: Agent,'),
        (AGENT.replace("kind: Agent\n", ""), "file.yaml:1: kind: missing, write one of Agent, "),
        (
            AGENT.replace("apiVersion: agentic.stigmer.ai/v1\n", ""),
            'file.yaml:1: apiVersion: missing, write "agentic.stigmer.ai/v1"',
        ),
        (
            AGENT.replace("ai/v1", "ai/v2"),
            'file.yaml:1: apiVersion: expected "agentic.stigmer.ai/v1", found "agentic.stigmer.ai/v2"',
        ),
        (AGENT.replace("{name: greeter}", "{}"), "file.yaml:3: metadata.name: missing, every manifest needs a name"),
        (AGENT.replace("metadata: {name: greeter}\n", ""), "file.yaml:1: metadata.name: missing"),
        (
            AGENT.replace("{name: greeter}", "{name: 5}"),
            "file.yaml:3: metadata.name: expected text, found the number 5: put it in quotes",
        ),
        (with_spec("instrutcions: x"), "file.yaml:6: spec.instrutcions: unknown field. Did you mean instructions?"),
        (with_spec("skillRefs: many"), 'file.yaml:6: spec.skillRefs: expected a list, found the text "many"'),
        (with_spec("iconUrl: a\nicon_url: b"), "file.yaml:7: spec.icon_url: only one of this and iconUrl can be given"),
        (with_spec("subAgents:\n- {name: a, instructions: b}"), "file.yaml:7: spec.subAgents[0].instructions: "),
        (with_spec("icon_ulr: x"), "file.yaml:6: spec.icon_ulr: unknown field. Did you mean iconUrl?"),
        (with_spec("description: [a]"), "file.yaml:6: spec.description: expected text, found a list"),
        (with_spec("description: true"), "file.yaml:6: spec.description: expected text, found true: put it in quotes"),
        (with_spec("sub_agents: {}"), "file.yaml:6: spec.sub_agents: expected a list, found a mapping"),
        (with_spec("sub_agents:\n- 5"), "file.yaml:7: spec.sub_agents[0]: expected a mapping, found the number 5"),
        (with_spec("env: [1]"), "file.yaml:6: spec.env: expected a mapping, found a list"),
        (with_spec("model: a\nmodel: b"), "file.yaml:7: spec: 'model' is given twice, first in line 6"),
        (
            with_spec("skill_refs: [{kind: skil, slug: a}]"),
            "file.yaml:6: spec.skill_refs[0].kind: expected one of ",
        ),
        (
            AGENT.replace("You greet people politely.", "Hi"),
            "file.yaml:5: spec.instructions: ",
        ),
        (
            with_spec("sub_agents:\n- description: x\n  instructions: Help them with it."),
            "file.yaml:7: spec.sub_agents[0].name: ",
        ),
        ("document: {name: x}\ndo: []\ndo: []\n", "file.yaml:1: the key 'do' is written twice, again in line 3"),
        ("# a comment\ndocument: 5\ndo: []\n", "file.yaml:2: /document: must be an object with dsl, namespace, name,"),
        ("document: {dsl: 1.0.0}\ndo: []\n", "file.yaml:1: /document: needs 'name'"),
        ("document: {dsl: 1.0.0}\n", "file.yaml:1: needs 'do'"),
        (
            f"{AGENT}---\n{WORKFLOW}  - second:\n      set: '${{ foo( }}'\n",
            "file.yaml:11: /do/1/second/set: not a jq expression: ",
        ),
        (with_source("set: '${ $nope }'"), "file.yaml:9: /do/0/first/set: $nope does not exist here"),
        (
            with_tasks("kind: http_call, task_config: {method: GET, endpoint: {url: 'http://x/'}}"),
            "file.yaml:8: spec.tasks[0].task_config.endpoint.url: unknown field 'url'; did you mean uri?",
        ),
        (
            with_tasks("kind: notification, task_config: {channel: x, recipients: [y], body: b, template: z}"),
            "file.yaml:8: spec.tasks[0].task_config.template: 'template' is not supported yet",
        ),
        ("&a [*a]\n", "file.yaml:1: nested deeper than 100 levels"),
    ],
)
def test_every_mistake_says_where_and_what(tmp_path: Path, text: str, expected: str) -> None:
    found = complaints(tmp_path, text)
    assert any(item.startswith(expected) for item in found), found


def test_near_matches_are_offered_for_enum_values(tmp_path: Path) -> None:
    found = complaints(tmp_path, with_spec("skill_refs: [{kind: skil, slug: a}]"))
    assert found[0].endswith('found the text "skil". Did you mean skill?')


def test_numbers_are_held_to_the_range_of_their_field(tmp_path: Path) -> None:
    text = """\
        apiVersion: agentic.stigmer.ai/v1
        kind: McpServer
        metadata: {name: tools}
        spec:
          http: {url: "https://example.com", timeout_seconds: 3000000000}
        """
    assert (
        "file.yaml:5: spec.http.timeout_seconds: expected a whole number from -2147483648"
        in complaints(tmp_path, text)[0]
    )


def test_two_choices_of_which_one_is_possible_are_a_mistake(tmp_path: Path) -> None:
    text = """\
        apiVersion: agentic.stigmer.ai/v1
        kind: McpServer
        metadata: {name: tools}
        spec:
          stdio: {command: a}
          http: {url: "https://example.com"}
        """
    assert complaints(tmp_path, text) == ["file.yaml:6: spec.http: only one of this and stdio can be given"]


def test_free_form_data_keeps_only_what_it_can_hold_exactly(tmp_path: Path) -> None:
    text = """\
        apiVersion: agentic.stigmer.ai/v1
        kind: Workflow
        metadata: {name: w}
        spec:
          document: {dsl: 1.0.0, namespace: a, name: w, version: 0.1.0}
          tasks:
          - name: first
            kind: http_call
            task_config: {method: POST, endpoint: {uri: "http://x/"}, body: {a: "x", n: 1, big: %s}}
        """
    task = message_of(tmp_path, text % "[true, null, 1.5]").spec.tasks[0]
    assert task.kind == 2
    assert dict(task.task_config["body"])["n"] == 1
    assert (
        "file.yaml:9: spec.tasks[0].task_config: line 9: 12345678901234567890 cannot be kept exactly"
        in complaints(tmp_path, text % "12345678901234567890")[0]
    )


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(with_spec("colour: red\nmodel: 5"))
    (tmp_path / "b.yaml").write_text("x: [1\n")
    (tmp_path / "c.yaml").write_text(AGENT + "---\n" + AGENT)
    with pytest.raises(ManifestError) as caught:
        load_manifests([str(tmp_path)], "local")
    places = [f"{Path(item.source).name}:{item.line}" for item in caught.value.problems]
    assert places == ["a.yaml:6", "a.yaml:7", "b.yaml:2", "c.yaml:7"]
    assert "Agent greeter is already defined in" in caught.value.problems[-1].message
    assert caught.value.message == "4 problems in the manifests; nothing was applied"


@pytest.mark.parametrize(
    ("place", "message"), [("absent.yaml", "cannot read"), ("empty.yaml", "there are no resources in")]
)
def test_places_without_manifests_say_so(tmp_path: Path, place: str, message: str) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n---\n")
    with pytest.raises(UsageError, match=message):
        load_manifests([str(tmp_path / place)], "local")


def test_a_file_that_is_not_text_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"a: \xff\xfe")
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        load_manifests([str(tmp_path / "x.yaml")], "local")


def test_what_is_only_named_is_not_judged(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(WORKFLOW.replace("set: {x: 1}", "fork: {}"))
    [found] = load_manifests([str(path)], "local", judged=False)
    assert found.name == "hello"
    assert "fork: needs 'branches'" in complaints(tmp_path, path.read_text())[0]


def test_what_is_hardly_meant_is_a_warning(tmp_path: Path) -> None:
    text = with_source("set: {}") + "  tasks: [{name: a, kind: set_vars, task_config: {variables: {a: b}}}]\n"
    [found] = load(tmp_path, text)
    assert found.warnings == ("spec.tasks is ignored: spec.source takes its place",)


def test_only_a_workflow_loads_the_judgement_of_workflows(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(AGENT)
    code = (
        "import sys\n"
        "import stigmer_cli.app\n"
        "from stigmer_cli.manifest.loading import load_manifests\n"
        f"load_manifests([{str(path)!r}], 'local')\n"
        "print([name for name in ('stigmer_api.dsl', 'stigmer_api.workflows', 'purejq') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
