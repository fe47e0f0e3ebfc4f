"""graph: draw workflows as Mermaid flowcharts or as a picture."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stigmer_cli import invocation
from stigmer_cli.errors import UsageError
from stigmer_cli.terminal import result


def graph(
    context: typer.Context,
    filename: Annotated[str, typer.Argument(metavar="FILE|-", help="a manifest or a plain document")],
) -> None:
    """Draw the workflows of a file as Mermaid text, or one as a picture (-o svg), without talking to a server."""
    from stigmer_api.dsl.definition import compile_value  # noqa: PLC0415 - fast `--help`
    from stigmer_api.dsl.graph import mermaid  # noqa: PLC0415 - the same
    from stigmer_api.workflows.checking import check_spec  # noqa: PLC0415 - the same
    from stigmer_cli.manifest.loading import load_manifests  # noqa: PLC0415 - the same
    from stigmer_cli.output import to_json  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "json", "svg")
    found = [item for item in load_manifests([filename], given.settings()["org"]) if item.kind.name == "Workflow"]
    if not found:
        raise UsageError(f"{filename} holds no workflow", hint="name a file with a Workflow or a plain document")
    if form == "svg":
        result(_picture(filename, found).rstrip("\n"))
        return
    drawn = [
        {"name": item.name, "mermaid": mermaid(compile_value(document))}
        for item in found
        if (document := check_spec(item.message.spec).document) is not None
    ]
    result(to_json(drawn) if form == "json" else "\n".join(item["mermaid"].rstrip("\n") for item in drawn))


def _picture(filename: str, found: list[Any]) -> str:
    from stigmer_api.dsl.definition import compile_value  # noqa: PLC0415 - fast `--help`
    from stigmer_api.dsl.picture import svg  # noqa: PLC0415 - the same
    from stigmer_api.workflows.checking import check_spec  # noqa: PLC0415 - the same

    document = check_spec(found[0].message.spec).document
    if len(found) > 1 or document is None:
        names = ", ".join(item.name for item in found)
        raise UsageError(f"{filename} holds {len(found)} workflows: {names}", hint="-o svg draws one: name its file")
    return svg(compile_value(document))


COMMANDS = {"graph": graph}
