"""Commands that read and write resources: apply, get, describe, delete."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stigmer_cli import invocation
from stigmer_cli.errors import UsageError
from stigmer_cli.terminal import result, say

FileOption = Annotated[
    list[str] | None, typer.Option("--filename", "-f", metavar="FILE|DIR|-", help="manifests; may be repeated")
]


def apply(
    context: typer.Context,
    filename: FileOption = None,
    dry_run: Annotated[
        str, typer.Option("--dry-run", metavar="client|server", help="check (client), or ask the server; apply nothing")
    ] = "",
) -> None:
    """Create or update resources from manifests."""
    from stigmer_cli.applying import Applied, apply_all, in_order  # noqa: PLC0415 - fast `--help`
    from stigmer_cli.client import connect  # noqa: PLC0415 - the same
    from stigmer_cli.manifest.loading import load_manifests  # noqa: PLC0415 - the same
    from stigmer_cli.output import to_json  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "name", "json")
    settings = given.settings()
    if not filename:
        raise UsageError("nothing to apply", hint="name manifests by -f FILE, -f DIR or -f -")
    if dry_run not in {"", "client", "server"}:
        raise UsageError(f"--dry-run={dry_run} is not possible", hint="say --dry-run=client or --dry-run=server")
    manifests = load_manifests(filename, settings["org"])

    def tell(item: Applied) -> None:
        if form != "json":
            result(item.name if form == "name" else str(item))

    if dry_run == "client":
        done = [
            Applied(item.kind.name, f"{item.kind.name.lower()}/{item.name}", "", "valid (dry run, nothing applied)")
            for item in in_order(manifests)
        ]
        for item in done:
            tell(item)
    else:
        with connect(settings) as client:
            done = apply_all(client, manifests, tell, dry_run=dry_run == "server")
    if form == "json":
        fields = ("kind", "name", "id", "action")
        result(to_json([{field: getattr(item, field) for field in fields} for item in done]))


def validate(context: typer.Context, filename: FileOption = None) -> None:
    """Check manifests as `apply` and the server would, without talking to a server."""
    from stigmer_cli.applying import in_order  # noqa: PLC0415 - fast `--help`
    from stigmer_cli.manifest.loading import load_manifests  # noqa: PLC0415 - the same
    from stigmer_cli.output import to_json  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "name", "json")
    if not filename:
        raise UsageError("nothing to check", hint="name manifests by -f FILE, -f DIR or -f -")
    found = in_order(load_manifests(filename, given.settings()["org"]))
    for item in found:
        for warning in item.warnings:
            say(f"{item.source}:{item.line}: warning: {warning}")
        if form != "json":
            result(f"{item.kind.name.lower()}/{item.name}" + (" valid" if form == "table" else ""))
    if form == "json":
        result(
            to_json([{"kind": item.kind.name, "name": item.name, "warnings": list(item.warnings)} for item in found])
        )


def get(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="KIND, KIND/NAME or an id")],
    names: Annotated[list[str] | None, typer.Argument(help="names or ids; all by default")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", "--selector", "-l", help="KEY=VALUE, 'KEY in (A,B)', !KEY …")
    ] = None,
    field: Annotated[list[str] | None, typer.Option("--field-selector", help="FIELD=VALUE, FIELD!=VALUE")] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="go on and show what changes")] = False,
) -> None:
    """List resources, or show some of them."""
    from stigmer_cli import reading  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.client import connect  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "wide", "json", "yaml", "name")
    selection = reading.select(kind, names or [], label or [], field or [])
    with connect(given.settings()) as client:
        found = reading.fetch(client, selection)
        result(reading.show(selection, found, form))
        if watch:
            from stigmer_cli.watching import Watching  # noqa: PLC0415 - the same

            for item in Watching(client, selection, found).changes():
                result(reading.show_change(selection, item, form))
        elif not found and form in {"table", "wide"}:
            say(f"No {selection.kind.plural} in org {client.settings['org']}.")


def describe(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="KIND, KIND/NAME or an id")],
    names: Annotated[list[str] | None, typer.Argument(help="names or ids")] = None,
) -> None:
    """Show everything about resources, for reading."""
    from stigmer_cli import reading  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.client import connect  # noqa: PLC0415 - the same

    given = invocation.of(context)
    given.format("table")
    selection = reading.select(kind, names or [])
    with connect(given.settings()) as client:
        found = reading.fetch(client, selection)
    result("\n\n".join(reading.describe(selection.kind, item) for item in found))


def delete(
    context: typer.Context,
    kind: Annotated[str | None, typer.Argument(help="KIND, KIND/NAME or an id")] = None,
    names: Annotated[list[str] | None, typer.Argument(help="names or ids")] = None,
    filename: FileOption = None,
    force: Annotated[bool, typer.Option("--force", help="end what runs, and delete what depends on it too")] = False,
    dry_run: Annotated[str, typer.Option("--dry-run", metavar="server", help="ask the server; delete nothing")] = "",
) -> None:
    """Delete resources by name, or those that manifests describe."""
    from stigmer_cli import reading  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.applying import Applied, Deleting, delete_all, in_order  # noqa: PLC0415 - the same
    from stigmer_cli.client import connect  # noqa: PLC0415 - the same
    from stigmer_cli.manifest.loading import load_manifests  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "name")
    settings = given.settings()
    wanted: list[tuple[Any, str]] = []
    if filename:
        wanted += [
            (item.kind, item.name)
            for item in reversed(in_order(load_manifests(filename, settings["org"], judged=False)))
        ]
    if kind is not None:
        selection = reading.select(kind, names or [])
        wanted += [(selection.kind, name) for name in selection.names]
    if dry_run not in {"", "server"}:
        raise UsageError(f"--dry-run={dry_run} is not possible", hint="say --dry-run=server")
    if not wanted:
        raise UsageError("nothing to delete", hint="say KIND NAME, KIND/NAME, an id, or -f FILE")

    def tell(item: Applied) -> None:
        result(item.name if form == "name" else str(item))

    with connect(settings) as client:
        delete_all(client, wanted, tell, Deleting(force, dry_run == "server"))


COMMANDS = {"apply": apply, "validate": validate, "get": get, "describe": describe, "delete": delete}
