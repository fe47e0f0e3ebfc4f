"""apply, get, describe and delete against a real peer: results, formats, errors and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from cli_testing import free_port
from stand_in import StandIn

from stigmer_api.kinds import kind_by_key
from stigmer_cli.__main__ import run

AGENT = kind_by_key("agent")
WORKFLOW = kind_by_key("workflow")

MANIFESTS = """\
document: {dsl: 1.0.0, namespace: demo, name: hello, version: 0.1.0}
do:
- first: {set: {x: 1}}
---
apiVersion: agentic.stigmer.ai/v1
kind: Agent
metadata: {name: greeter, labels: {team: a}}
spec:
  instructions: You greet people politely.
  description: Greets
  model: scripted
---
apiVersion: agentic.stigmer.ai/v1
kind: Environment
metadata: {name: plain}
spec: {data: {KEY: {value: x}}}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "all.yaml"
    path.write_text(MANIFESTS, encoding="utf-8")
    return path


def ctl(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    """Run a command and return its exit code, stdout and stderr."""
    code = run([str(item) for item in argv])
    out, err = capsys.readouterr()
    return code, out, err


Capsys = pytest.CaptureFixture[str]


def test_apply_says_what_it_did_in_the_order_of_need(server: StandIn, manifest: Path, capsys: Capsys) -> None:
    assert ctl(capsys, "apply", "-f", manifest) == (
        0,
        "environment/plain created\nagent/greeter created\nworkflow/hello created\n",
        "",
    )
    manifest.write_text(MANIFESTS.replace("Greets", "Greets all"), encoding="utf-8")
    code, out, _ = ctl(capsys, "apply", "-f", manifest)
    assert (code, out) == (0, "environment/plain unchanged\nagent/greeter configured\nworkflow/hello unchanged\n")
    assert server.only(WORKFLOW).spec.source.startswith("document:")
    assert server.only(AGENT).metadata.org == "local"


def test_apply_puts_resources_into_the_chosen_org(server: StandIn, manifest: Path, capsys: Capsys) -> None:
    assert ctl(capsys, "apply", "-f", manifest, "--org", "acme")[0] == 0
    assert server.only(AGENT).metadata.org == "acme"


def test_a_dry_run_sends_nothing(server: StandIn, manifest: Path, capsys: Capsys) -> None:
    code, out, _ = ctl(capsys, "apply", "-f", manifest, "--dry-run")
    assert code == 0
    assert out.splitlines()[1] == "agent/greeter valid (dry run, nothing applied)"
    assert server.calls == []


def test_validate_needs_no_server_and_names_every_line(tmp_path: Path, capsys: Capsys) -> None:
    flow = tmp_path / "flow.yaml"
    head = "document: {dsl: 1.0.0, namespace: demo, name: hello, version: 0.1.0}\ndo:\n"
    flow.write_text(f"{head}- first: {{set: {{x: 1}}}}\n", encoding="utf-8")
    assert ctl(capsys, "validate", "-f", flow)[:2] == (0, "workflow/hello valid\n")
    flow.write_text(f"{head}- first: {{sett: {{}}}}\n- second: {{fork: {{}}}}\n", encoding="utf-8")
    code, out, err = ctl(capsys, "validate", "-f", flow)
    assert (code, out) == (2, "")
    assert f"{flow}:3: /do/0/first: the task 'first' has sett" in err
    assert f"{flow}:4: /do/1/second/fork: needs 'branches'" in err


def test_one_wrong_manifest_keeps_all_of_them_back(
    server: StandIn, manifest: Path, tmp_path: Path, capsys: Capsys
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("kind: Agent\nmetadata: {name: x}\n", encoding="utf-8")
    code, out, err = ctl(capsys, "apply", "-f", manifest, "-f", wrong)
    assert (code, out) == (2, "")
    assert f"{wrong}:1: apiVersion: missing" in err
    assert "nothing was applied" in err
    assert server.calls == []


def test_what_the_server_refuses_is_told_with_its_place_and_the_rest_is_applied(
    server: StandIn, manifest: Path, capsys: Capsys
) -> None:
    server.refuse_names.add("greeter")
    code, out, err = ctl(capsys, "apply", "-f", manifest)
    assert code == 2
    assert out == "environment/plain created\nworkflow/hello created\n"
    assert f"{manifest}:5: Agent greeter: the manifest is wrong" in err
    assert "spec.skill_refs[0]: skill cooking does not exist" in err


def test_apply_in_other_formats(server: StandIn, manifest: Path, capsys: Capsys) -> None:
    assert ctl(capsys, "apply", "-f", manifest, "-o", "name")[1].splitlines()[0] == "environment/plain"
    found = json.loads(ctl(capsys, "apply", "-f", manifest, "-o", "json")[1])
    agent = server.only(AGENT)
    assert found[1] == {"kind": "Agent", "name": "agent/greeter", "id": agent.metadata.id, "action": "unchanged"}


def test_a_kind_without_a_way_to_store_it_says_so_at_its_line(server: StandIn, tmp_path: Path, capsys: Capsys) -> None:
    path = tmp_path / "skill.yaml"
    path.write_text(
        "apiVersion: agentic.stigmer.ai/v1\nkind: Skill\nmetadata: {name: cooking}\nspec: {skill_md: x}\n",
        encoding="utf-8",
    )
    code, _, err = ctl(capsys, "apply", "-f", path)
    assert code == 2
    assert f"{path}:2: kind: a Skill cannot be applied from a manifest" in err


def test_get_lists_every_page_as_a_table(server: StandIn, capsys: Capsys) -> None:
    for name in ("one", "two", "three", "four", "five"):
        agent: Any = AGENT.message()
        agent.metadata.name = name
        agent.metadata.org = "local"
        agent.spec.model = "scripted"
        server.add(AGENT, agent)
    code, out, _ = ctl(capsys, "get", "agents")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert lines[0] == ["NAME", "MODEL", "DESCRIPTION", "AGE"]
    assert [line[0] for line in lines[1:]] == ["five", "four", "three", "two", "one"]
    assert ctl(capsys, "get", "agent", "-o", "name")[1].splitlines()[0] == "agent/five"


@pytest.mark.parametrize("words", [["agent", "greeter"], ["agent/greeter"], ["ag", "greeter"], ["AGENTS", "Greeter"]])
def test_get_understands_every_way_to_name_one(
    server: StandIn, manifest: Path, capsys: Capsys, words: list[str]
) -> None:
    ctl(capsys, "apply", "-f", manifest)
    assert ctl(capsys, "get", *words, "-o", "name") == (0, "agent/greeter\n", "")


def test_get_by_id_needs_no_kind(server: StandIn, manifest: Path, capsys: Capsys) -> None:
    ctl(capsys, "apply", "-f", manifest)
    agent_id = server.only(AGENT).metadata.id
    found = json.loads(ctl(capsys, "get", agent_id, "-o", "json")[1])
    assert found["metadata"]["name"] == "greeter"
    assert ctl(capsys, "get", agent_id, "-o", "yaml")[1].startswith(("metadata:", "apiVersion:"))


def test_labels_narrow_a_list(server: StandIn, manifest: Path, capsys: Capsys) -> None:
    ctl(capsys, "apply", "-f", manifest)
    assert ctl(capsys, "get", "agents", "-l", "team=a", "-o", "name")[1] == "agent/greeter\n"
    code, out, err = ctl(capsys, "get", "agents", "-l", "team=b")
    assert (code, out.split(), err) == (0, ["NAME", "MODEL", "DESCRIPTION", "AGE"], "No agents in org local.\n")


def test_wide_shows_more(server: StandIn, manifest: Path, capsys: Capsys) -> None:
    ctl(capsys, "apply", "-f", manifest)
    out = ctl(capsys, "get", "agents", "-o", "wide")[1]
    assert out.split()[4:8] == ["ID", "ORG", "REVISION", "LABELS"]
    assert "team=a" in out


def test_near_matches_of_the_server_are_shown(server: StandIn, manifest: Path, capsys: Capsys) -> None:
    ctl(capsys, "apply", "-f", manifest)
    assert ctl(capsys, "get", "agent", "greter") == (
        1,
        "",
        "Error: Agent 'greter' does not exist\nDid you mean greeter?\n",
    )


def test_an_unknown_kind_has_near_matches_too(server: StandIn, capsys: Capsys) -> None:
    code, _, err = ctl(capsys, "get", "agnts")
    assert code == 2
    assert "there is no kind 'agnts'. Did you mean agents" in err


def test_errors_are_json_when_json_was_asked_for(server: StandIn, capsys: Capsys) -> None:
    code, out, err = ctl(capsys, "get", "agent", "absent", "-o", "json")
    assert (code, out) == (1, "")
    assert json.loads(err)["error"]["code"] == "not_found"


def test_describe_shows_everything(server: StandIn, manifest: Path, capsys: Capsys) -> None:
    ctl(capsys, "apply", "-f", manifest)
    code, out, _ = ctl(capsys, "describe", "agent/greeter")
    assert code == 0
    assert "Name:     greeter" in out
    assert "Labels:   team=a" in out
    assert "  instructions: You greet people politely." in out


def test_delete_by_name_and_by_file(server: StandIn, manifest: Path, capsys: Capsys) -> None:
    ctl(capsys, "apply", "-f", manifest)
    assert ctl(capsys, "delete", "agent", "greeter") == (0, "agent/greeter deleted\n", "")
    code, out, err = ctl(capsys, "delete", "-f", manifest)
    assert (code, out) == (1, "workflow/hello deleted\nenvironment/plain deleted\n")
    assert "agent/greeter does not exist" in err
    assert server.resources == {}


def test_version_shows_both_ends(server: StandIn, capsys: Capsys) -> None:
    assert json.loads(ctl(capsys, "version", "-o", "json")[1])["server"] == "9.9.9"


@pytest.mark.parametrize("command", [["get", "agents"], ["run", "hello"], ["watch", f"wex-{'0' * 26}"]])
def test_without_a_server_commands_end_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys, command: list[str]
) -> None:
    address = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("STIGMER_SERVER_ADDRESS", address)
    code, out, err = ctl(capsys, *command, "--home", tmp_path)
    assert (code, out) == (3, "")
    assert err == f"Error: stigmer is not running at {address}\nstart it with `stigmer-ctl up`\n"


def test_with_a_wrong_token_commands_end_with_4(
    server: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    monkeypatch.setenv("STIGMER_TOKEN", "wrong")
    code, _, err = ctl(capsys, "get", "agents")
    assert code == 4
    assert "the token came from STIGMER_TOKEN" in err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["get"], "Missing argument 'kind'"),
        (["get", "agents", "-o", "xml"], "'xml' is not one of table, wide"),
        (["apply"], "nothing to apply"),
        (["apply", "-f", "/no/such/file"], "cannot read /no/such/file"),
        (["delete"], "nothing to delete"),
        (["delete", "agent"], "nothing to delete"),
        (["status", "-o", "wide"], "-o wide is not possible here"),
        (["get", "agent", "greeter", "-l", "x"], "selectors narrow a list"),
        (["apply", "-f", ".", "--dry-run=maybe"], "--dry-run=maybe is not possible"),
        (["delete", "agent/x", "--dry-run"], "--dry-run=client is not possible"),
        (["pause", "hello"], "'hello' is not the id of an execution"),
        (["get", "agent/"], "'agent/' is not KIND/NAME"),
        (["up", "--port", "many"], "--port"),
        (["up", "--port", "99999"], "expected a port number from 1 to 65535"),
        (["config", "server.prot"], "Did you mean server.port"),
        (["logs", "servr"], "there is no component 'servr'"),
        (["watch", "hello"], "'hello' is not the id of an execution"),
    ],
)
def test_bad_usage_ends_with_2(tmp_path: Path, capsys: Capsys, argv: list[str], message: str) -> None:
    code, out, err = ctl(capsys, *argv, "--home", tmp_path / "home")
    assert (code, out) == (2, "")
    assert message in err


def test_config_shows_values_and_origins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys) -> None:
    monkeypatch.setenv("STIGMER_PORT", "7300")
    found = json.loads(ctl(capsys, "config", "-o", "json", "--home", tmp_path)[1])
    assert found["server.port"] == {
        "value": "7300",
        "origin": "environment STIGMER_PORT",
        "variable": "STIGMER_PORT",
    }
    assert found["server.address"]["value"] == "127.0.0.1:7300"
    assert found["home"] == {"value": str(tmp_path), "origin": "flag --home", "variable": "STIGMER_HOME"}


def test_status_of_nothing_ends_with_3_and_names_all_components(tmp_path: Path, capsys: Capsys) -> None:
    code, out, err = ctl(capsys, "status", "-o", "json", "--home", tmp_path)
    found = json.loads(out)
    assert code == 3
    assert [item["name"] for item in found["components"]] == [
        "temporal",
        "stigmer-server",
        "stigmer-workflow-runner",
        "stigmer-agent-runner",
    ]
    assert found["ready"] is False
    assert json.loads(err)["error"]["code"] == "not_running"


def test_down_of_nothing_is_done_already(tmp_path: Path, capsys: Capsys) -> None:
    assert ctl(capsys, "down", "--home", tmp_path)[0] == 0


def test_token_is_printed_alone(tmp_path: Path, capsys: Capsys) -> None:
    (tmp_path / "token").write_text("abc\n")
    assert ctl(capsys, "token", "--home", tmp_path) == (0, "abc\n", "")


def test_logs_are_merged_by_time_and_narrowed_to_an_execution(tmp_path: Path, capsys: Capsys) -> None:
    logs = tmp_path / "data" / "logs"
    logs.mkdir(parents=True)
    wex = "wex-01m7w9q1ec0cqaz615dm8btj8k"
    (logs / "stigmer-server.log").write_text(
        f'{{"timestamp": "2026-01-01T00:00:01Z", "id": "{wex}"}}\n{{"timestamp": "2026-01-01T00:00:03Z"}}\n'
    )
    (logs / "temporal.log").write_text('{"time": "2026-01-01T00:00:02Z"}\n')
    out = ctl(capsys, "logs", "--home", tmp_path)[1]
    assert [line.split()[0] for line in out.splitlines()] == ["[stigmer-server]", "[temporal]", "[stigmer-server]"]
    assert ctl(capsys, "logs", wex, "--home", tmp_path)[1].splitlines() == [out.splitlines()[0]]
    assert ctl(capsys, "logs", "temporal", "--home", tmp_path)[1] == '{"time": "2026-01-01T00:00:02Z"}\n'
    assert ctl(capsys, "logs", "-n", "1", "--home", tmp_path)[1].splitlines() == [out.splitlines()[2]]


def test_validate_hints_at_what_is_hardly_meant_and_graph_draws(tmp_path: Path, capsys: Capsys) -> None:
    flow = tmp_path / "flow.yaml"
    head = "document: {dsl: '1.0.3', namespace: tests, name: hello, version: 1.0.0}\n"
    flow.write_text(head + "do: [{a: {set: {x: 'Hello ${ .x }'}}}]\n")
    code, out, err = ctl(capsys, "validate", "-f", str(flow))
    assert (code, out) == (0, "workflow/hello valid\n")
    assert "flow.yaml:1: warning: line 2, /do/0/a/set/x: an expression inside a text" in err
    code, out, _ = ctl(capsys, "-o", "json", "validate", "-f", str(flow))
    assert "an expression inside a text" in json.loads(out)[0]["warnings"][0]
    code, out, _ = ctl(capsys, "graph", str(flow))
    assert code == 0
    assert out.startswith('flowchart TD\n  start(["hello 1.0.0"]) --> t0\n')
    assert json.loads(ctl(capsys, "-o", "json", "graph", str(flow))[1])[0]["name"] == "hello"
    code, out, _ = ctl(capsys, "graph", str(flow), "-o", "svg")
    assert code == 0
    picture = ElementTree.fromstring(out)
    assert "hello 1.0.0" in [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    two = tmp_path / "two.yaml"
    manifest = "apiVersion: agentic.stigmer.ai/v1\nkind: Workflow\nmetadata: {name: %s}\nspec: {source: '%s'}\n"
    source = (head + "do: [{a: {set: {x: 1}}}]").replace("'", "''").replace("\n", "\n\n  ")
    two.write_text("---\n".join(manifest % (name, source) for name in ("one", "other")))
    assert ctl(capsys, "-o", "json", "graph", str(two))[0] == 0
    code, _, err = ctl(capsys, "graph", str(two), "-o", "svg")
    assert (code, "holds 2 workflows: one, other" in err) == (2, True)
    code, _, err = ctl(capsys, "get", "workflows", "-o", "svg")
    assert (code, "-o svg is not possible here" in err) == (2, True)
