"""Commands that run agents and workflows and watch them."""

from __future__ import annotations

from typing import Annotated

import typer

from stigmer_cli import invocation
from stigmer_cli.terminal import result, say


def run(  # noqa: PLR0913, PLR0917 - each parameter is an option
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="NAME (a workflow, else an agent), KIND/NAME or an id")],
    input_: Annotated[str | None, typer.Option("--input", "-i", metavar="JSON|@FILE|-", help="workflow input")] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="what to say to an agent; else a note")] = "",
    session: Annotated[str, typer.Option("--session", help="go on in this session of an agent")] = "",
    fork: Annotated[str, typer.Option("--fork", metavar="SESSION", help="begin as a copy of this session")] = "",
    plan: Annotated[bool, typer.Option("--plan", help="an agent only looks; its answer is a plan")] = False,
    build: Annotated[bool, typer.Option("--build", help="an agent carries out the plan of --session")] = False,
    env: Annotated[list[str] | None, typer.Option("--env", help="KEY=VALUE or secret:KEY=VALUE")] = None,
    attach: Annotated[list[str] | None, typer.Option("--attach", metavar="FILE", help="a file for an agent")] = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="show it live until it ends")] = True,
) -> None:
    """Run a workflow or an agent; its output goes to stdout, everything else to stderr."""
    from stigmer_cli import running  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.attaching import read_attachments  # noqa: PLC0415 - the same
    from stigmer_cli.client import connect, full_name  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "json", "name")
    variables = running.read_environment(env or [])
    files = read_attachments(attach or [])
    request = running.Request(message, running.read_input(input_), session, variables, fork, plan, build, files)
    with connect(given.settings()) as client:
        kind, execution = running.start(client, *running.find_runnable(client, target), request)
        if not follow:
            result(full_name(kind, execution))
            say(f"watch it with `stigmer-ctl watch {execution.metadata.id}`")
            return
        running.announce(kind, execution)
        running.watch_to_end(client, kind, execution.metadata.id, form)


def watch(
    context: typer.Context,
    execution: Annotated[str, typer.Argument(help="id of an execution")],
) -> None:
    """Show an execution from its start, or where it is, until it ends; the exit code tells how."""
    from stigmer_cli import running  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.client import connect  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "json")
    with connect(given.settings()) as client:
        kind, found = running.find_execution(client, execution)
        running.watch_to_end(client, kind, found.metadata.id, form)


COMMANDS = {"run": run, "watch": watch}
