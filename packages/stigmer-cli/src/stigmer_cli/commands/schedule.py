"""Commands for schedules beyond those that every kind has."""

from __future__ import annotations

from typing import Annotated

import typer

from stigmer_cli import invocation
from stigmer_cli.terminal import result, say


def trigger(
    context: typer.Context,
    schedule: Annotated[str, typer.Argument(help="NAME, schedule/NAME or the id of a schedule")],
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="show it live until it ends")] = True,
) -> None:
    """Run a schedule's agent now, beside its times; the answer goes to stdout, everything else to stderr."""
    from stigmer_api.kinds import kind_by_key  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli import running, triggering  # noqa: PLC0415 - the same
    from stigmer_cli.client import connect, full_name  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "json", "name")
    kind = kind_by_key("agent_execution")
    with connect(given.settings()) as client:
        execution = client.get(kind, triggering.trigger(client, schedule))
        if not follow:
            result(full_name(kind, execution))
            say(f"watch it with `stigmer-ctl watch {execution.metadata.id}`")
            return
        running.announce(kind, execution)
        running.watch_to_end(client, kind, execution.metadata.id, form)


COMMANDS = {"trigger": trigger}
