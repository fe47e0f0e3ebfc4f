"""The command that talks with an agent."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stigmer_cli import invocation


def chat(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(help="NAME or id of an agent")],
    session: Annotated[str, typer.Option("--session", help="go on in this session")] = "",
    fork: Annotated[str, typer.Option("--fork", metavar="SESSION", help="begin as a copy of this session")] = "",
    env: Annotated[list[str] | None, typer.Option("--env", help="KEY=VALUE or secret:KEY=VALUE")] = None,
) -> None:
    """Talk with an agent: a session in the terminal, or a message per line from a pipe."""
    from stigmer_api.kinds import kind_by_key  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.chatting.chat import Chat  # noqa: PLC0415 - the same
    from stigmer_cli.chatting.lines import lines_of  # noqa: PLC0415 - the same
    from stigmer_cli.client import connect  # noqa: PLC0415 - the same
    from stigmer_cli.errors import UsageError  # noqa: PLC0415 - the same
    from stigmer_cli.running import read_environment  # noqa: PLC0415 - the same

    given = invocation.of(context)
    given.format("table")
    if session and fork:
        raise UsageError("--session goes on in a session, --fork begins another one", hint="choose one of them")
    environment = read_environment(env or [])
    with connect(given.settings()) as client:
        found = client.get(kind_by_key("agent"), agent.removeprefix("agent/"))
        for known in filter(None, (session, fork)):
            client.get(kind_by_key("session"), known)
        Chat(client, found, lines_of(sys.stdin), session, environment, fork).run()


COMMANDS = {"chat": chat}
