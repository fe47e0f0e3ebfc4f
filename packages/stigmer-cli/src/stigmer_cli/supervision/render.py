"""Renders supervisord.conf from the template that ships with this package."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from stigmer_cli.errors import StackError
from stigmer_cli.supervision.components import CANNOT_START, Program

TEMPLATE = "supervisord.conf.j2"

_PLAIN = re.compile(r"[A-Za-z0-9_./+=:@,-]")


def quote_word(text: str) -> str:
    """Quote one word of `command=`: every unusual character by itself.

    A space directly before ; or # would start an ini comment even inside quotes, so no two characters of the word
    that matter to any layer ever stand side by side without a quote between them. % is doubled for the expansion.
    """
    _refuse_control_characters(text)
    return "".join(_quote_character(character) for character in text) or "''"


def _quote_character(character: str) -> str:
    if _PLAIN.fullmatch(character):
        return character
    if character == "%":
        return "%%"
    return '"\'"' if character == "'" else f"'{character}'"


def _refuse_control_characters(text: str) -> None:
    if any(ord(character) < 32 for character in text):
        raise StackError(f"{text!r} has control characters in it", hint="use a Python in a directory without them")


def render(programs: Sequence[Program], control_socket: Path) -> str:
    """Return the text of supervisord.conf for these programs."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only `up` renders

    environment = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True)  # noqa: S701 - not HTML
    environment.filters["word"] = quote_word
    template = environment.from_string(files("stigmer_cli").joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        programs=programs, control_socket=str(control_socket), python=sys.executable, cannot_start=CANNOT_START
    )
