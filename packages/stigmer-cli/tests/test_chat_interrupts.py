"""Ctrl-C in a chat while there is neither a prompt nor a turn: it is heard as at the prompt, and ends nothing."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from stigmer_api.kinds import kind_by_key
from stigmer_cli.chatting import chat as chatting
from stigmer_cli.chatting.chat import Chat
from stigmer_cli.chatting.lines import Typed
from stigmer_cli.errors import InterruptedByUserError
from stigmer_cli.terminal import say


@pytest.fixture
def presses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said when Ctrl-C is pressed just after it was said; each is taken out when that has happened."""
    waiting: list[str] = []

    def interrupted(text: str, *style: str) -> None:
        say(text, *style)
        if waiting and waiting[0] in text:
            waiting.pop(0)
            raise KeyboardInterrupt

    monkeypatch.setattr(chatting, "say", interrupted)
    return waiting


def chat_with(monkeypatch: pytest.MonkeyPatch, *lines: str) -> Chat:
    """A chat with a person who types these lines; ^C stands for Ctrl-C."""
    typed = iter(lines)

    def answer(_prompt: str) -> str:
        line = next(typed)
        if line == "^C":
            raise KeyboardInterrupt
        return line

    monkeypatch.setattr(builtins, "input", answer)
    client: Any = None  # nothing is asked of the server
    return Chat(client, kind_by_key("agent").message(), Typed())


def test_ctrl_c_just_after_a_command_does_not_end_the_chat(
    monkeypatch: pytest.MonkeyPatch, presses: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    presses.append("no session yet")
    chat_with(monkeypatch, "/session", "/help", "/exit").run()
    told = capsys.readouterr()
    assert "again leaves" in told.out + told.err
    assert "Ctrl-C cancels the turn" in told.out + told.err, "the chat went on"
    assert presses == []


def test_once_more_at_the_prompt_leaves(monkeypatch: pytest.MonkeyPatch, presses: list[str]) -> None:
    presses.append("no session yet")
    with pytest.raises(InterruptedByUserError):
        chat_with(monkeypatch, "/session", "^C", "/exit").run()
