"""The root command: global options and the list of commands, nothing else.

The command modules import only typer and what is as light; what a command needs it imports when it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from stigmer_cli import __version__
from stigmer_cli.commands import (
    answer,
    approval,
    backup,
    chat,
    client,
    control,
    execution,
    graph,
    mcp,
    schedule,
    skill,
    stack,
    values,
)
from stigmer_cli.invocation import FORMATS, Invocation

EPILOG = "Everywhere: -o FORMAT, --home DIR, --server HOST:PORT, --org ORG (see stigmer-ctl --help)."

app = typer.Typer(
    name="stigmer-ctl",
    no_args_is_help=True,
    rich_markup_mode=None,  # importing rich takes longer than everything else together
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"stigmer-ctl {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    home: Annotated[str | None, typer.Option("--home", help="home of the stack (STIGMER_HOME)")] = None,
    server: Annotated[str | None, typer.Option("--server", help="host:port of the server to talk to")] = None,
    org: Annotated[str | None, typer.Option("--org", help="organisation (STIGMER_ORG)")] = None,
    output: Annotated[str, typer.Option("--output", "-o", help=" | ".join(FORMATS))] = "",
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="show the version")
    ] = False,
) -> None:
    """Run AI agents and durable workflows on this machine, and talk to any Stigmer server."""
    if output and output not in FORMATS:
        raise typer.BadParameter(f"{output!r} is not one of {', '.join(FORMATS)}", param_hint="-o")
    context.obj = Invocation(home, server, org, output)


def first_lines(command: Callable[..., object]) -> str:
    """The first paragraph of a command's description, whole: by itself click cuts it after 45 characters."""
    return " ".join((command.__doc__ or "").split("\n\n")[0].split())


for module in (stack, client, execution, chat, answer, approval, control, schedule, backup, graph, values):
    for name, command in module.COMMANDS.items():
        app.command(name, epilog=EPILOG, short_help=first_lines(command))(command)
app.add_typer(skill.GROUP, name="skill", epilog=EPILOG)
app.add_typer(mcp.GROUP, name="mcp", epilog=EPILOG)
