"""Commands that answer what executions ask people: may this tool call run?"""

from __future__ import annotations

from typing import Annotated

import typer

from stigmer_cli import invocation
from stigmer_cli.terminal import result

ExecutionArgument = Annotated[str, typer.Argument(help="id of an agent or workflow execution")]
CallArgument = Annotated[
    str, typer.Argument(help="id of the tool call, or name of the task; needed when several wait", show_default=False)
]
CommentOption = Annotated[str, typer.Option("--comment", help="why; the agent reads it when the call does not run")]


def approve(
    context: typer.Context,
    execution: ExecutionArgument,
    tool_call: CallArgument = "",
    everything: Annotated[bool, typer.Option("--all", help="and whatever this execution asks later")] = False,
    args: Annotated[str, typer.Option("--args", metavar="JSON|@FILE|-", help="run it with these arguments")] = "",
    comment: CommentOption = "",
) -> None:
    """Let a tool call run that waits for approval, or say yes to a task of a workflow that asks."""
    _answer(context, execution, tool_call, "APPROVE_ALL" if everything else "APPROVE", comment, args)


def reject(
    context: typer.Context,
    execution: ExecutionArgument,
    tool_call: CallArgument = "",
    skip: Annotated[bool, typer.Option("--skip", help="only pass over it: the agent goes on without it")] = False,
    comment: CommentOption = "",
) -> None:
    """Forbid a tool call that waits for approval (the agent is told and goes on), or say no to a task that asks."""
    _answer(context, execution, tool_call, "SKIP" if skip else "REJECT", comment, "")


def _answer(context: typer.Context, execution: str, tool_call: str, action: str, comment: str, args: str) -> None:
    from stigmer_cli import approving  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.client import connect  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "name", "json", "yaml")
    with connect(given.settings()) as client:
        answer = approving.Answer(tool_call, action, comment, approving.read_arguments(args))
        result(approving.submit(client, execution, answer, form))


COMMANDS = {"approve": approve, "reject": reject}
