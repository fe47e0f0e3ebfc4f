"""Asks the user of a chat whether a tool call may run: yes, all, edit, skip or no. Nothing else is taken for a yes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

from stigmer_cli.approving import Answer
from stigmer_cli.chatting.lines import Lines
from stigmer_cli.following.questions import described
from stigmer_cli.following.transcript import Transcript

__all__ = ["ask"]

_CHOICES = "[y]es, [a]ll, [e]dit, [s]kip, [n]o: "
_ANSWERS = {
    **dict.fromkeys(("y", "yes", "approve"), "APPROVE"),
    **dict.fromkeys(("a", "all"), "APPROVE_ALL"),
    **dict.fromkeys(("s", "skip"), "SKIP"),
    **dict.fromkeys(("n", "no", "reject"), "REJECT"),
}
_EDIT = ("e", "edit")


def ask(item: Any, execution: Any, lines: Lines, out: Transcript) -> Answer | None:
    """Ask until there is an answer; None when there are no more lines, so that the question stays open."""
    arguments = _arguments(item, execution)
    out.line(f"approve? {described(item)}", style="yellow")
    if lines.interactive and arguments:
        for part in json.dumps(arguments, indent=2, ensure_ascii=False).splitlines():
            out.line(f"  {part}", style="dim")
    while True:
        line = lines.ask(_CHOICES)
        if line is None:
            return None
        word, _, rest = line.strip().partition(" ")
        if word.lower() in _EDIT:
            edited = _edited(arguments, rest.strip(), lines, out)
            if edited is not None:
                return Answer(item.tool_call_id, "APPROVE", args_json=edited)
        elif word.lower() in _ANSWERS:
            return Answer(item.tool_call_id, _ANSWERS[word.lower()], rest.strip())
        else:
            out.line("answer y, a, e, s or n; a reason may follow s and n", style="yellow")


def _arguments(item: Any, execution: Any) -> dict[str, Any]:
    """The whole arguments of the call that is asked about."""
    for message in execution.status.messages:
        for call in message.tool_calls:
            if call.id == item.tool_call_id and call.HasField("args"):
                return dict(MessageToDict(call.args))
    return {}


def _edited(arguments: dict[str, Any], given: str, lines: Lines, out: Transcript) -> str | None:
    """Return new arguments as JSON text: given behind the word, typed, or made in $EDITOR; None when they are none."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not given and editor and lines.interactive:
        given = _in_editor(editor, json.dumps(arguments, indent=2, ensure_ascii=False))
    if not given:
        given = lines.ask("arguments as JSON: ") or ""
    try:
        if isinstance(json.loads(given), dict):
            return given
        out.line("the arguments must be a JSON object", style="red")
    except ValueError as error:
        out.line(f"that is not JSON: {error}", style="red")
    return None


def _in_editor(editor: str, text: str) -> str:
    """Let the user change a text in a file that only they can read."""
    with tempfile.TemporaryDirectory(prefix="stigmer-") as folder:
        path = Path(folder) / "arguments.json"
        path.write_text(text, encoding="utf-8")
        command = [*shlex.split(editor), str(path)]
        done = subprocess.run(command, check=False)  # noqa: S603 - the editor that the user chose
        return path.read_text(encoding="utf-8") if done.returncode == 0 else ""
