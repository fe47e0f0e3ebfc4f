"""The command that answers tasks of workflows which ask people for a decision or a form."""

from __future__ import annotations

from typing import Annotated

import typer

from stigmer_cli import invocation
from stigmer_cli.terminal import result


def answer(  # noqa: PLR0913, PLR0917 - one for each option
    context: typer.Context,
    execution: Annotated[str, typer.Argument(help="id of a workflow execution")],
    outcome: Annotated[str, typer.Argument(help="name of one of the outcomes that the task offers")],
    task: Annotated[str, typer.Option("--task", help="name or id of the task; needed when several wait")] = "",
    form: Annotated[str, typer.Option("--form", metavar="JSON|@FILE|-", help="the form, a JSON object")] = "",
    comment: Annotated[str, typer.Option("--comment", help="why; kept with the answer")] = "",
    reviewer: Annotated[str, typer.Option("--reviewer", help="who answers; needed when the task has approvers")] = "",
) -> None:
    """Answer a task of a workflow that waits for a person."""
    from stigmer_cli import answering  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.client import connect  # noqa: PLC0415 - the same

    given = invocation.of(context)
    shown = given.format("table", "name", "json", "yaml")
    with connect(given.settings()) as client:
        content = answering.TaskAnswer(task, outcome, answering.read_form(form), comment, reviewer)
        result(answering.submit(client, execution, content, shown))


COMMANDS = {"answer": answer}
