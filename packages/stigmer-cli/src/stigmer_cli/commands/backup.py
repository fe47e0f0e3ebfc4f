"""Commands that copy the database and put a copy back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stigmer_cli import invocation
from stigmer_cli.errors import CliError, StackError, UsageError
from stigmer_cli.terminal import result, say

if TYPE_CHECKING:
    from stigmer_cli.settings import Settings

LOOK_SECONDS = 2.0

_NOT_IN_IT = (
    "It holds the database alone. Copy the server's directory of files (data/artifacts of its home) too, and keep its "
    "encryption key (data/encryption.key) apart from both: without it secret values cannot be read."
)


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="where to write the copy; FILE.sha256 goes beside it")],
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> None:
    """Copy the server's database (no files, no key) to a file while everything goes on.

    Not in it: the files of skills, artifacts and attachments, and the key that secret values are sealed with.
    """
    from stigmer_api.errors import ApiError  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_api.messages import message_class  # noqa: PLC0415 - the same
    from stigmer_api.methods import SERVER_SERVICE  # noqa: PLC0415 - the same
    from stigmer_cli import copies  # noqa: PLC0415 - the same
    from stigmer_cli.client import connect, translate  # noqa: PLC0415 - the same
    from stigmer_cli.output import to_json  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "json")
    settings = given.settings()
    path = file.absolute()
    if path.exists() and not force:
        raise UsageError(f"{path} exists", hint="name another file, or replace it with --force")
    request = message_class("stigmer.runtime.v1.BackupRequest")()
    with connect(settings) as client:
        try:
            copy = copies.save(client.raw().stream(SERVER_SERVICE, "Backup", request), path)
        except ApiError as error:
            raise translate(error, settings) from error
    if form == "json":
        body = {"file": str(path), "bytes": copy.size, "sha256": copy.sha256, "revision": copy.revision}
        result(to_json(body))
    else:
        say(f"{path}: revision {copy.revision}, {copy.size} bytes", "green")
        say(_NOT_IN_IT)


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="a file that `backup` wrote")],
    no_checksum: Annotated[bool, typer.Option("--no-checksum", help="go without FILE.sha256")] = False,
) -> None:
    """Make a copy the database of this home. The stack must be down; the database before is kept."""
    from stigmer_cli import copies  # noqa: PLC0415 - keeps `--help` fast

    settings = invocation.of(context).settings()
    if settings["server.database_url"]:
        raise UsageError(
            "server.database_url is set, and restore only replaces the file of the home",
            hint="restore that database with its own tools, or unset STIGMER_DATABASE_URL",
        )
    path = file.absolute()
    copies.check(path, without_checksum=no_checksum)
    _refuse_running(settings)
    settings.home.create()
    kept = copies.put_in_place(path, settings.home.database)
    say(f"{settings.home.database} is what {path.name} holds." + (f" The one before: {kept}" if kept else ""), "green")


def _refuse_running(settings: Settings) -> None:
    """Raise StackError while a stack, or a server alone, has the database open."""
    from stigmer_api.messages import message_class  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_api.methods import SERVER_SERVICE  # noqa: PLC0415 - the same
    from stigmer_cli.client import connect  # noqa: PLC0415 - the same
    from stigmer_cli.supervision import stack  # noqa: PLC0415 - the same

    running = stack.is_running(settings.home)
    if not running:
        with connect(settings) as client:
            try:
                info = message_class("stigmer.runtime.v1.GetInfoRequest")()
                found = client.call(SERVER_SERVICE, "GetInfo", info, timeout=LOOK_SECONDS).database.location
            except CliError:
                return  # nobody answers, or somebody who does not know our token and so serves another home
        running = found == str(settings.home.database)
    if running:
        raise StackError(f"the stack in {settings.home.root} is running", hint="stop it first: `stigmer-ctl down`")


COMMANDS = {"backup": backup, "restore": restore}
