"""A real stack: commands in the sandbox, twenty planted secrets in nothing that it leaves, and a chat in a terminal."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import pytest
from stack import BIN, ROOT

from stigmer_api.sandbox import NONE, choose

if TYPE_CHECKING:
    from stack import Stack

WAIT_SECONDS = 60.0

needs_sandbox = pytest.mark.skipif(choose("auto").kind == NONE, reason=choose("auto").reason)


def planted() -> dict[str, str]:
    """Twenty secrets, half of them with what URLs and JSON escape."""
    return {f"PLANTED_{n}": f"pl4nt3d{n:02d}" + ("/+\"&' %ü" if n % 2 else "") + f"x{n * 7919:06d}" for n in range(20)}


@needs_sandbox
def test_planted_secrets_are_in_nothing_that_the_stack_writes(stack: Stack, tmp_path: Path) -> None:
    secrets = planted()
    commands = "env; env >&2; env | base64; for n in $(seq 0 19); do eval v=\\$PLANTED_$n; echo u$v | base64; done"
    turns = [
        {"say": "Looking.", "call": [{"tool": "execute", "args": {"command": f"{commands}; env > kept.txt"}}]},
        {"call": [{"tool": "read_file", "args": {"path": "kept.txt"}}, {"tool": "no_such_tool"}]},
        {"say": "{{tool.execute}} {{tool.read_file}}"},
    ]
    agent = {
        "apiVersion": "agentic.stigmer.ai/v1",
        "kind": "Agent",
        "metadata": {"name": "leaky"},
        "spec": {
            "instructions": "You say everything you see.",
            "model": "scripted",
            "script": json.dumps({"version": 1, "cases": [{"turns": turns}]}),
            "env": {name: {"isSecret": True} for name in secrets},
        },
    }
    (tmp_path / "agent.json").write_text(json.dumps(agent))
    stack.ctl("apply", "-f", str(tmp_path / "agent.json"))
    given = [item for name, value in secrets.items() for item in ("--env", f"secret:{name}={value}")]
    done = stack.ctl("run", "agent/leaky", "-m", "go", *given, "-o", "json")
    assert all(f"[secret:{name}]" in done.stdout for name in secrets), "the agent did not see its variables"
    kept = next(item for item in json.loads(done.stdout)["status"]["artifacts"] if item["name"] == "kept.txt")
    content = (stack.home / "data" / "artifacts" / kept["storageKey"]).read_text()
    assert "PLANTED_0=[secret:PLANTED_0]" in content
    seen = {"the stream": done.stdout + done.stderr}
    for path in stack.home.rglob("*"):
        if path.is_file() and "workspace" not in path.parts:
            seen[str(path.relative_to(stack.home))] = path.read_bytes().decode("utf-8", errors="replace")
    assert any(name.endswith("stigmer.db") for name in seen)
    assert any("temporal" in name for name in seen)
    leaks = [(where, name) for where, text in seen.items() for name, value in secrets.items() if _holds(text, value)]
    assert leaks == []


def _holds(text: str, value: str) -> bool:
    data = value.encode()
    middles = [base64.b64encode(bytes(pad) + data).decode()[4:-4] for pad in range(3)]
    forms = [value, json.dumps(value)[1:-1], quote(value, safe=""), data.hex(), *middles]
    return any(form in text for form in forms)


class Terminal:
    """A command in a terminal of its own, watched as a person would."""

    def __init__(self, stack: Stack, *arguments: str) -> None:
        self.screen = ""
        master, slave = pty.openpty()
        self._master = master
        self.process = subprocess.Popen(
            [str(BIN / "stigmer-ctl"), *arguments],
            env=stack.environment,
            cwd=ROOT,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - Ctrl-C needs a controlling terminal
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def until(self, pattern: str) -> str:
        """Read until the new part of the screen matches; return it."""
        deadline = time.monotonic() + WAIT_SECONDS
        start = 0
        while not (found := re.search(pattern, self.screen[start:], re.DOTALL)):
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._master], [], [], max(0.0, left))
            if not ready:
                pytest.fail(f"waited {WAIT_SECONDS:.0f} s for {pattern!r} in:\n{self.screen}")
            try:
                self.screen += os.read(self._master, 65536).decode(errors="replace").replace("\r\n", "\n")
            except OSError:
                pytest.fail(f"the command ended without {pattern!r}:\n{self.screen}")
        shown, self.screen = self.screen[: start + found.end()], self.screen[start + found.end() :]
        return shown

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        return self.process.wait(WAIT_SECONDS)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


_CHATTY = """
apiVersion: agentic.stigmer.ai/v1
kind: Agent
metadata: {name: chatty}
spec:
  instructions: You chat and keep notes.
  model: scripted
  script: |
    version: 1
    cases:
      - on: {user_contains: note}
        turns:
          - call:
              - {tool: write_todos, args: {todos: [{content: write it down, status: completed}]}}
              - {tool: write_file, args: {path: note.txt, content: "{{user}}"}}
          - say: "Noted: {{user}}"
      - on: {user_contains: read}
        turns:
          - call: [{tool: read_file, args: {path: note.txt}}]
          - say: "I have: {{tool.read_file}}"
      - on: {user_contains: slow}
        delay_ms: 300
        turns:
          - say: "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
"""


def test_a_chat_in_a_terminal_streams_cancels_and_is_resumed(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "chatty.yaml").write_text(_CHATTY)
    stack.ctl("apply", "-f", str(tmp_path / "chatty.yaml"))
    with Terminal(stack, "chat", "chatty") as chat:
        chat.until("you> ")
        chat.type("note the milk\n")
        shown = chat.until("Noted: note the milk.*you> ")
        assert "tool write_file" in shown
        assert "[x] write it down" in shown
        assert "\x1b[3" not in shown, "NO_COLOR is set"
        chat.type("slow please\n")
        chat.until("one two")
        chat.type("\x03")
        cancelled = chat.until("cancelled.*you> ")
        assert "cancelling" in cancelled
        assert "fifteen" not in cancelled
        chat.type("/session\n")
        session = re.search(r"(ses-\w+|\w+-[0-9a-z]{26})", chat.until(r"-[0-9a-z]{26}\n"))
        assert session is not None
        chat.type("\x03")
        chat.until("again leaves")
        chat.type("\x03")
        assert chat.end() == 130

    with Terminal(stack, "chat", "chatty", "--session", session[0]) as again:
        again.until("you> ")
        again.type("read it\n")
        again.until("I have: note the milk.*you> ")
        again.type("/exit\n")
        again.until("go on with")
        assert again.end() == 0
