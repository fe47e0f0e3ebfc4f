"""Commands for skills beyond those that every kind has."""

from __future__ import annotations

from typing import Annotated

import typer

from stigmer_cli import invocation
from stigmer_cli.terminal import result

GROUP = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
"""`stigmer-ctl skill …`."""

_SECONDS = 300.0
"""How long a push may take: a large package travels in one message and is checked whole."""


@GROUP.callback()
def skill() -> None:
    """Push skills: directories with a SKILL.md that agents load."""


@GROUP.command()
def push(
    context: typer.Context,
    directory: Annotated[str, typer.Argument(metavar="DIR", help="the directory that has the SKILL.md")] = ".",
    tag: Annotated[str, typer.Option("--tag", help="name of this version; another version loses it")] = "",
    message: Annotated[str, typer.Option("--message", "-m", help="what is new in this version")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="pack and show, push nothing")] = False,
) -> None:
    """Push a directory as the new version of a skill; the same content again changes nothing."""
    from stigmer_api.kinds import kind_by_key  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_api.methods import method  # noqa: PLC0415 - the same
    from stigmer_cli.client import connect, slug_of  # noqa: PLC0415 - the same
    from stigmer_cli.output import size, to_json  # noqa: PLC0415 - the same
    from stigmer_cli.packing import pack  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "name", "json")
    settings = given.settings()
    package = pack(directory)
    name, version, action = slug_of(package.name), package.version_hash, "packed (dry run, nothing pushed)"
    if not dry_run:
        kind = kind_by_key("skill")
        request = method(kind, "push").request(
            org=settings["org"], artifact=package.content, tag=tag, message=message, name=package.directory_name
        )
        with connect(settings) as client:
            before = client.find(kind, name)
            after = client.call(kind, "push", request, timeout=_SECONDS)
        same = before is not None and before.metadata.revision == after.metadata.revision
        name, action = after.metadata.slug, "unchanged" if same else "pushed"
        version, tag = after.status.version_hash, after.metadata.version.tag
    if form == "name":
        result(f"skill/{name}")
    elif form == "json":
        facts = {"kind": "Skill", "name": name, "action": action, "version": version, "tag": tag}
        result(to_json({**facts, "bytes": len(package.content), "files": list(package.paths)}))
    else:
        result(f"skill/{name} {action}")
        result(f"version {version}")
        result(f"tag     {tag or '<none>'}")
        result(f"size    {size(len(package.content))} zipped, {len(package.paths)} files")
