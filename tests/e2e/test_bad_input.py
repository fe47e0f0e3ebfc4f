"""Whatever a user gets wrong is said clearly, with the way out, and changes nothing."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import pytest
from stack import Stack, free_ports, running

if TYPE_CHECKING:
    from pathlib import Path

AGENT = """\
apiVersion: agentic.stigmer.ai/v1
kind: Agent
metadata: {name: NAME}
spec:
  instructions: You answer politely.
  model: MODEL
"""


def manifest(folder: Path, text: str) -> str:
    path = folder / "resources.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("wrong", "line", "words"),
    [
        ("  colour: red\n", 7, ["spec.colour", "unknown"]),
        ("  skillRefs: many\n", 7, ["spec.skillRefs", "list"]),
        ("---\napiVersion: agentic.stigmer.ai/v1\nkind: Agnet\nmetadata: {name: x}\n", 9, ["Agnet", "Agent"]),
        ("  description: [unclosed\n", 8, []),
    ],
    ids=["unknown field", "wrong type", "unknown kind", "broken YAML"],
)
def test_a_wrong_manifest_names_file_line_and_field_and_applies_nothing(
    stack: Stack, tmp_path: Path, wrong: str, line: int, words: list[str]
) -> None:
    text = AGENT.replace("NAME", "never-stored").replace("MODEL", "scripted") + wrong
    path = manifest(tmp_path, text)
    done = stack.ctl("apply", "-f", path, check=2)
    assert f"{path}:{line}" in done.stderr
    for word in words:
        assert word in done.stderr
    assert "never-stored" not in stack.ctl("get", "agents").stdout


def test_a_name_that_does_not_exist_gets_near_matches(stack: Stack, tmp_path: Path) -> None:
    text = AGENT.replace("NAME", "librarian").replace("MODEL", "scripted")
    stack.ctl("apply", "-f", manifest(tmp_path, text))
    done = stack.ctl("get", "agent", "libraran", check=1)
    assert "librarian" in done.stderr


def test_a_port_that_is_taken_is_named_with_its_owner_and_its_setting(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "home")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", stack.ports[0]))
        taken.listen()
        done = stack.ctl("up", check=1)
    assert str(stack.ports[0]) in done.stderr
    assert str(os.getpid()) in done.stderr
    assert "STIGMER_PORT" in done.stderr
    assert stack.processes() == []


def test_a_model_endpoint_that_is_away_fails_the_execution_and_names_the_knob(tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_ports(1)[0]}/v1"
    with running(tmp_path / "home", STIGMER_LLM_BASE_URL=endpoint, STIGMER_LLM_API_KEY="none") as stack:
        text = AGENT.replace("NAME", "far-away").replace("MODEL", "openai:gpt-test")
        stack.ctl("apply", "-f", manifest(tmp_path, text))
        done = stack.ctl("run", "agent/far-away", "-m", "hello", "-o", "json", check=1)
        status = json.loads(done.stdout)["status"]
        assert status["phase"] == "EXECUTION_FAILED"
        assert endpoint in status["error"]
        assert "STIGMER_LLM_BASE_URL" in status["error"]
