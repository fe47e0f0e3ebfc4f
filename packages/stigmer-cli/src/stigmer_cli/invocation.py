"""What one run of stigmer-ctl was told globally: home, server, organisation and output format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stigmer_cli.errors import UsageError

if TYPE_CHECKING:
    import typer

    from stigmer_cli.settings import Settings

FORMATS = ("table", "wide", "json", "yaml", "name", "svg")

GLOBAL_OPTIONS = {"--home": True, "--server": True, "--org": True, "--output": True, "-o": True}
"""Options of the root command that may be written anywhere on the line, and whether they take a value."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """Global options as given; None or "" means not given."""

    home: str | None = None
    server: str | None = None
    org: str | None = None
    output: str = ""

    def settings(self, flags: Mapping[str, str | int | None] | None = None, *, running_stack: bool = True) -> Settings:
        """Resolve the settings with the global options and the flags of the command."""
        from stigmer_cli.settings import load_settings  # noqa: PLC0415 - keeps `--help` fast

        given = {"server.address": self.server, "org": self.org, **(flags or {})}
        return load_settings(home=self.home, flags=given, running_stack=running_stack)

    def format(self, *allowed: str) -> str:
        """Return the output format, the first allowed one by default; UsageError for one that makes no sense here."""
        if not self.output:
            return allowed[0]
        if self.output not in allowed:
            raise UsageError(f"-o {self.output} is not possible here", hint=f"one of: {', '.join(allowed)}")
        return self.output


def of(context: typer.Context) -> Invocation:
    """Return the invocation that the root command stored."""
    found = context.obj
    return found if isinstance(found, Invocation) else Invocation()


_REHEARSING = (["apply"], ["delete"])


def hoist(argv: list[str]) -> list[str]:
    """Move global options to the front, so that they may follow the command: `get agents -o json`.

    `--dry-run` alone means the client, as with kubectl. Everything behind `--` stays where it is.
    """
    front: list[str] = []
    rest: list[str] = []
    index = 0
    while index < len(argv):
        word = argv[index]
        if word == "--":
            rest += argv[index:]
            break
        name, equals, _ = word.partition("=")
        if word in GLOBAL_OPTIONS and index + 1 < len(argv):
            front += [word, argv[index + 1]]
            index += 1
        elif (equals and name in GLOBAL_OPTIONS and name.startswith("--")) or _is_short_output(word):
            front.append(word)
        else:
            rest.append("--dry-run=client" if word == "--dry-run" and rest[:1] in _REHEARSING else word)
        index += 1
    return front + rest


def _is_short_output(word: str) -> bool:
    return word.startswith("-o") and word[2:].lstrip("=") in FORMATS


def wants_json(argv: list[str]) -> bool:
    """Return whether errors are to be JSON; asked before the command line has been understood."""
    for index, word in enumerate(argv):
        if word == "--":
            return False
        if word in {"-ojson", "-o=json", "--output=json"}:
            return True
        if word in {"-o", "--output"} and argv[index + 1 : index + 2] == ["json"]:
            return True
    return False
