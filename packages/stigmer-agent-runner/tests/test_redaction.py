"""Secrets never leave a run, in no form that tools give them: planted ones are searched for at every exit."""

from __future__ import annotations

import base64
import html
import json
import random
import string
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from agent_runner_testing.processes import RunnerProcess
from agent_runner_testing.stack import Stack
from hypothesis import given
from hypothesis import strategies as st

from stigmer_agent_runner.redaction import MIN_LENGTH, ActiveSecrets, Redactor, redact_message
from stigmer_agent_runner.status.messages import args_struct
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2
from stigmer_api.sandbox import NONE, choose

_RANDOM = random.Random(20)
_ODD = "ä\"\\/<&+=%'✓ $"


def _planted() -> dict[str, str]:
    """Twenty secrets: plain tokens, some with everything that encodings change."""
    found = {}
    for number in range(20):
        core = "".join(_RANDOM.choices(string.ascii_letters + string.digits, k=8 + number))
        odd = "".join(_RANDOM.choices(_ODD, k=4)) if number % 2 else ""
        found[f"SECRET_{number}"] = f"{core[:5]}{odd}{core[5:]}"
    return found


PLANTED = _planted()


def _forms(value: str) -> dict[str, str]:
    """How tools show a value; what stands around it in base64 differs from use to use."""
    data = value.encode()
    return {
        "plain": value,
        "base64": base64.b64encode(data).decode(),
        "base64 behind one": base64.b64encode(b"u" + data + b":x").decode(),
        "base64 behind two": base64.b64encode(b"us" + data + b"xy").decode(),
        "base64 of a header": base64.b64encode(b"user:" + data).decode(),
        "base64 for urls": base64.urlsafe_b64encode(data).decode(),
        "base64 in lines": base64.encodebytes(data * 4).decode(),
        "url": quote(value, safe=""),
        "url with slashes": quote(value),
        "form": quote_plus(value),
        "json": json.dumps({"a": value}),
        "json as is": json.dumps({"a": value}, ensure_ascii=False),
        "json in json": json.dumps(json.dumps({"a": value})),
        "html": html.escape(value),
        "python": repr({"a": value}),
        "hex": data.hex(),
    }


def _leaks(text: str, secrets: dict[str, str] = PLANTED) -> list[str]:
    """What of the secrets can be got back from a text: searched for independently of how they are redacted."""
    found = []
    joined = text.replace("\\n", "").replace("\n", "")
    for name, value in secrets.items():
        data = value.encode()
        wanted = {value, json.dumps(value)[1:-1], json.dumps(json.dumps(value)[1:-1])[1:-1], html.escape(value)}
        wanted |= {quote(value, safe=""), quote(value), quote_plus(value), data.hex(), repr(value)[1:-1]}
        wanted |= {base64.b64encode(bytes(pad) + data).decode()[4:-4] for pad in range(3)}
        found += [f"{name}: {form!r}" for form in wanted if form in text or form in joined]
    return found


@pytest.mark.parametrize("form", list(_forms("x")))
def test_every_form_of_every_secret_is_replaced(form: str) -> None:
    redactor = Redactor(PLANTED)
    for name, value in PLANTED.items():
        text = f"before {_forms(value)[form]} after"
        redacted = redactor.text(text)
        assert _leaks(redacted) == []
        assert f"[secret:{name}]" in redacted
        assert redacted.startswith("before ")
        assert redacted.endswith(" after")


def test_a_line_of_a_private_key_is_a_secret_too() -> None:
    lines = ["-----BEGIN KEY-----", "MIIEpAIBAAKCAQEA7bq", "short", "zZ8x/Qd9v1kLmN0pQrStU", "-----END KEY-----"]
    redacted = Redactor({"KEY": "\n".join(lines)}).text(f"head: {lines[1]} tail: {lines[3]} {lines[0]} {lines[2]}")
    assert redacted == "head: [secret:KEY] tail: [secret:KEY] -----BEGIN KEY----- short"


def test_redacting_again_changes_nothing() -> None:
    redactor = Redactor({"A": "secret", "B": "[secret:"})
    once = redactor.text("a secret and a [secret: and sec")
    assert once == "a [secret:A] and a [secret:B] and sec"
    assert redactor.text(once) == once


def test_short_values_are_left_alone() -> None:
    short = "x" * (MIN_LENGTH - 1)
    assert not Redactor({"SHORT": short, "EMPTY": ""})
    assert Redactor({"SHORT": short}).text(short) == short


@given(st.lists(st.sampled_from(["abc", "tok-", "tok-12", "3456", " ", "=", "word"]), max_size=12))
def test_a_text_that_grows_never_shows_more_than_it_will_when_it_is_whole(pieces: list[str]) -> None:
    redactor = Redactor({"TOKEN": "tok-123456"})
    whole = "".join(pieces)
    final = redactor.text(whole)
    for end in range(len(whole) + 1):
        assert final.startswith(redactor.growing(whole[:end]))


def test_messages_are_redacted_however_deep() -> None:
    call = status_pb2.ToolCall(id="c", args=args_struct({"a": [{"b": "with tok-123456"}]}), result="tok-123456")
    status = status_pb2.AgentExecutionStatus(
        messages=[status_pb2.AgentMessage(content="tok-123456", tool_calls=[call])]
    )
    status.todos["x"].content = "tok-123456"
    status.messages[0].metadata.update({"deep": {"er": ["tok-123456"]}})
    redact_message(status, Redactor({"TOKEN": "tok-123456"}))
    assert b"tok-1" not in status.SerializeToString()
    assert str(status).count("[secret:TOKEN]") == 5


def test_the_process_redacts_all_runs_and_one_that_has_just_ended() -> None:
    active = ActiveSecrets()
    with active.holding({"A": "value-one"}), active.holding({"A": "value-two"}):
        assert active.text("value-one value-two") == "[secret:A] [secret:A~2]"
    assert "value" not in active.text("value-one value-two")


_COMMAND = r"""
env; env >&2; env | base64; env > env.txt
for n in $(seq 0 19); do
  eval v=\$SECRET_$n
  for before in "" u us; do printf %s "$before$v" | base64; done
  printf %s "$v" | od -An -v -tx1 | tr -d ' \n'
  echo
done
exit 1
"""

_SCRIPT = json.dumps(
    {
        "version": 1,
        "cases": [
            {
                "turns": [
                    {"say": "Looking.", "call": [{"tool": "execute", "args": {"command": _COMMAND}}]},
                    {
                        "call": [
                            {"tool": "read_file", "args": {"path": "env.txt"}},
                            {"tool": "read_file", "args": {"path": "forms.txt"}},
                            {"tool": "grep", "args": {"pattern": "SECRET"}},
                            {"tool": "read_file", "args": {"path": "{{tool.execute}}"}},
                        ]
                    },
                    {
                        "call": [{"tool": "write_file", "args": {"path": "copy.txt", "content": "{{tool.read_file}}"}}],
                        "say": "I saw: {{tool.execute}} and {{tool.grep}}",
                    },
                    {"call": [{"tool": "read_file", "args": {"path": "forms.txt"}}]},
                    {"say": "{{tool.execute}} {{tool.read_file}}"},
                ]
            }
        ],
    }
)


async def test_twenty_planted_secrets_appear_nowhere(stack: Stack, runner_process: Any) -> None:
    """Over the reports (what server, database and streams get), checkpoints, log and Temporal's history."""
    if choose("auto").kind == NONE:
        pytest.skip(f"no sandbox here: {choose('auto').reason}")
    runner: RunnerProcess = runner_process(STIGMER_LOG_LEVEL="debug")
    declared = {name: {"is_secret": True} for name in PLANTED}
    session = stack.api.add_session(stack.api.add_agent(model="scripted", script=_SCRIPT, env=declared))
    workspace = stack.home / "data" / "sessions" / session / "workspace"
    workspace.mkdir(parents=True)
    forms = {f"{name} {kind}": form for name, value in PLANTED.items() for kind, form in _forms(value).items()}
    (workspace / "forms.txt").write_text("\n".join(f"{name}: {form}" for name, form in forms.items()))
    execution = stack.api.add_execution(session, "what do you see?")
    stack.api.set_variables(execution, PLANTED, secret=True)
    handle = await stack.start(execution)
    finished = await stack.api.finished(execution)
    history = (await handle.fetch_history()).to_json()
    await runner.terminate()

    assert finished.status.phase == enum_pb2.EXECUTION_COMPLETED, finished.status.error
    answer = finished.status.messages[-1].content
    assert all(f"[secret:{name}]" in answer for name in PLANTED), "the agent did not see its variables"
    assert [name for name in forms if f"{name}: " not in answer] == [], "the agent did not see every form"
    reports = "\n".join(str(report) for report in stack.api.reports[execution])
    raw = b"".join(report.SerializeToString() for report in stack.api.reports[execution]).decode(errors="replace")
    session_folder = stack.home / "data" / "sessions" / session
    saved = b"".join(path.read_bytes() for path in session_folder.glob("checkpoints.db*")).decode(errors="replace")
    exits = {"reports": reports, "bytes": raw, "checkpoints": saved, "log": runner.log.read_text(), "history": history}
    assert {name: _leaks(text) for name, text in exits.items() if _leaks(text)} == {}
    payloads = [base64.b64decode(data) for data in _strings(json.loads(history), "data")]
    assert _leaks(b"\n".join(payloads).decode(errors="replace")) == []


def _strings(node: Any, key: str) -> list[str]:
    """All texts below `key` in a JSON document."""
    if isinstance(node, list):
        return [text for item in node for text in _strings(item, key)]
    if not isinstance(node, dict):
        return []
    own = [node[key]] if isinstance(node.get(key), str) else []
    return [*own, *(text for item in node.values() for text in _strings(item, key))]
