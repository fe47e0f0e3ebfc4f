"""What is printed: tables, times, colour, quoting for supervisord, and changes that are watched."""

from __future__ import annotations

import io
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from supervisor.options import UnhosedConfigParser, expand
from typer.testing import CliRunner

from stigmer_api.kinds import kind_by_key
from stigmer_cli import reading, terminal
from stigmer_cli.app import app
from stigmer_cli.errors import StackError, UsageError
from stigmer_cli.following.transcript import Transcript
from stigmer_cli.invocation import hoist, wants_json
from stigmer_cli.output import age, duration, one_line, table, to_yaml
from stigmer_cli.settings import load_settings
from stigmer_cli.supervision.components import programs
from stigmer_cli.supervision.render import quote_word, render

AGENT = kind_by_key("agent")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_columns_are_aligned_and_lines_have_no_trailing_blanks() -> None:
    assert table(("A", "LONG", ""), [("abc", "x", ""), ("d", "yy", "end")]) == "A     LONG\nabc   x\nd     yy     end"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.34, "0.3s"), (12.6, "12s"), (60, "1m"), (185, "3m5s"), (7800, "2h10m"), (356400, "4d3h")],
)
def test_durations_are_written_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_ages_never_are_negative_and_may_be_unknown() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert age(now - timedelta(minutes=3), now) == "3m"
    assert age(now + timedelta(seconds=5), now) == "0s"
    assert age(None) == "<none>"


def test_long_texts_are_cut_visibly() -> None:
    assert one_line("a\n b  c", 10) == "a b c"
    assert one_line("abcdefghij", 5) == "abcd…"


def test_yaml_keeps_long_texts_readable() -> None:
    assert to_yaml({"a": "one\ntwo\n", "b": {"c": [1, True]}}) == "a: |\n  one\n  two\nb:\n  c:\n  - 1\n  - true\n"


def test_colour_needs_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert terminal.paint("x", "red", Terminal()) == "\x1b[31mx\x1b[0m"
    assert terminal.paint("x", "red", io.StringIO()) == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.paint("x", "red", Terminal()) == "x"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.paint("x", "red", Terminal()) == "x"


def test_nothing_is_rewritten_outside_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    line = terminal.ProgressLine()
    line.show("1 %")
    line.clear()
    assert stream.getvalue() == ""

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    line = terminal.ProgressLine()
    line.show("1 %")
    line.show("1 %")
    line.clear()
    assert screen.getvalue() == "\r\x1b[2K1 %\r\x1b[2K"


def test_two_texts_that_grow_at_once_stay_apart() -> None:
    stream = io.StringIO()
    out = Transcript(stream)
    out.grow("a", "a: ", "one")
    out.grow("a", "a: ", " two\nthree")
    out.grow("b", "b: ", "other", indent="  ")
    out.close("a")
    out.line("between")
    out.grow("a", "… ", "more")
    out.close("a")
    assert stream.getvalue() == "a: one two\n   three\n  b: other\nbetween\n… more\n"


@given(st.text(alphabet=st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_word_survives_the_configuration_of_supervisord(word: str) -> None:
    parser = UnhosedConfigParser()
    parser.read_string(f"[program:x]\ncommand=run {quote_word(word)} end\n")
    assert shlex.split(expand(parser.get("program:x", "command"), {}, "command")) == ["run", word, "end"]


def test_control_characters_are_refused_rather_than_rendered() -> None:
    with pytest.raises(StackError, match="has control characters"):
        quote_word("a\nb")


def test_nothing_a_user_types_is_in_the_rendered_configuration(tmp_path: Path) -> None:
    settings = load_settings(
        home=str(tmp_path / "secret-home"),
        environ={
            "STIGMER_LLM_API_KEY": "sk-secret",
            "STIGMER_DATABASE_URL": "postgresql://secret",
            "STIGMER_PORT": "7399",
        },
    )
    text = render(programs(settings), Path("/run/x.sock"))
    assert "secret" not in text
    assert "7399" not in text
    assert text.count("[program:") == 4
    assert "exitcodes=3" in text


@pytest.mark.parametrize(
    ("given_words", "hoisted"),
    [
        (["get", "agents", "-o", "json"], ["-o", "json", "get", "agents"]),
        (["up", "--home=/x", "--port", "1"], ["--home=/x", "up", "--port", "1"]),
        (["get", "agents", "-ojson"], ["-ojson", "get", "agents"]),
        (["run", "x", "--", "-o", "json"], ["run", "x", "--", "-o", "json"]),
        (["run", "x", "-o"], ["run", "x", "-o"]),
    ],
)
def test_global_options_may_stand_anywhere(given_words: list[str], hoisted: list[str]) -> None:
    assert hoist(given_words) == hoisted


def test_json_is_noticed_before_the_line_is_understood() -> None:
    assert wants_json(["nope", "-o", "json"])
    assert wants_json(["--output=json"])
    assert not wants_json(["run", "x", "--", "-o", "json"])


def test_labels_and_names_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="selectors narrow a list"):
        reading.select("agents", ["x"], ["a=b"])


def test_the_list_of_commands_cuts_no_description() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    assert "..." not in shown.output.split("Commands:")[1]
    assert "everything else to stderr." in " ".join(shown.output.split())
