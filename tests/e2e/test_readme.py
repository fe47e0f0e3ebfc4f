"""What the README tells a newcomer to type works as written."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest
from stack import ROOT, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

README = (ROOT / "README.md").read_text()

_NAMES_OF_OTHERS = "its commands name the executions or sessions that the ones before have started"
ELSEWHERE = {
    "02-http-retry": "it needs its service on a fixed port, which may be taken",
    "07-events": _NAMES_OF_OTHERS,
    "11-approvals": _NAMES_OF_OTHERS,
    "12-plan-and-build": _NAMES_OF_OTHERS,
    "13-structured-and-limits": _NAMES_OF_OTHERS,
    "14-files-and-forks": _NAMES_OF_OTHERS,
}


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[list[str]]:
    """Arguments of every stigmer-ctl line in the bash blocks, without those that pip or uv run on their own."""
    lines = [line for block in blocks(text, "bash") for line in block.splitlines()]
    ours = [line.removeprefix("uv run ").replace("$PWD", str(ROOT)) for line in lines]
    return [shlex.split(line)[1:] for line in ours if line.startswith("stigmer-ctl ")]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("readme"))
    try:
        stack.ctl("quickstart", timeout=180)
        yield stack
    finally:
        stack.down()


def test_the_readme_opens_with_the_two_commands() -> None:
    first, second, *_ = blocks(README, "bash")
    assert first == "pip install uv && uv run stigmer-ctl quickstart\n"
    assert second == "pip install uv && uv run --group test pytest\n"
    assert second.strip() in (ROOT / ".ci" / "run").read_text()


def test_the_workflow_of_the_readme_runs(fresh: Stack, tmp_path: Path) -> None:
    manifest = tmp_path / "ask.yaml"
    manifest.write_text(blocks(README, "yaml")[0])
    fresh.ctl("apply", "-f", str(manifest))
    done = fresh.ctl("run", "ask", "--input", '{"topic": "tea"}')
    assert json.loads(done.stdout)["answer"]


def test_every_command_of_the_readme_succeeds(fresh: Stack) -> None:
    for arguments in commands(README):
        fresh.ctl(*arguments)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir()))
def test_every_command_of_an_example_succeeds(stack: Stack, name: str) -> None:
    if name in ELSEWHERE:
        pytest.skip(f"test_examples.py runs it: {ELSEWHERE[name]}")
    for arguments in commands((ROOT / "examples" / name / "README.md").read_text()):
        stack.ctl(*arguments, timeout=180)
