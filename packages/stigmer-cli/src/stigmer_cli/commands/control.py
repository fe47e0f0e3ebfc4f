"""Commands that control executions which run or have ended, of either kind, by id."""

from __future__ import annotations

from typing import Annotated

import typer

from stigmer_cli import invocation
from stigmer_cli.terminal import result

ExecutionArgument = Annotated[str, typer.Argument(help="id of an execution, or KIND/ID")]
ReasonOption = Annotated[str, typer.Option("--reason", help="why; kept with the execution")]


def cancel(context: typer.Context, execution: ExecutionArgument, reason: ReasonOption = "") -> None:
    """Ask an execution to stop by itself, with its clean-up."""
    _control(context, "cancel", execution, {"reason": reason})


def terminate(context: typer.Context, execution: ExecutionArgument, reason: ReasonOption = "") -> None:
    """End an execution at once, without its clean-up."""
    _control(context, "terminate", execution, {"reason": reason})


def pause(context: typer.Context, execution: ExecutionArgument, reason: ReasonOption = "") -> None:
    """Hold an execution at its next safe point: between two tasks, or two steps of an agent."""
    _control(context, "pause", execution, {"reason": reason})


def resume(context: typer.Context, execution: ExecutionArgument) -> None:
    """Let a paused execution go on."""
    _control(context, "resume", execution, {})


def recover(context: typer.Context, execution: ExecutionArgument, reason: ReasonOption = "") -> None:
    """Start an execution again that failed or was terminated: a workflow from its first task."""
    _control(context, "recover", execution, {"reason": reason})


def signal(
    context: typer.Context,
    execution: ExecutionArgument,
    name: Annotated[str, typer.Argument(help="name of the signal")],
    payload: Annotated[str | None, typer.Option("--payload", metavar="JSON|@FILE|-", help="a JSON object")] = None,
    key: Annotated[str, typer.Option("--key", help="idempotency key: the same one is delivered once")] = "",
) -> None:
    """Give a running workflow a named signal."""
    _control(context, "sendSignal", execution, {"signal_name": name, "payload": payload, "idempotency_key": key})


def _control(context: typer.Context, verb: str, execution: str, fields: dict[str, str | None]) -> None:
    from stigmer_cli import controlling  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.client import connect  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "name", "json", "yaml")
    with connect(given.settings()) as client:
        result(controlling.control(client, verb, execution, fields, form))


COMMANDS = {
    "cancel": cancel,
    "terminate": terminate,
    "pause": pause,
    "resume": resume,
    "recover": recover,
    "signal": signal,
}
