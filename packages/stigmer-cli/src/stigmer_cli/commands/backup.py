"""Commands that copy the database and put a copy back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stigmer_cli import invocation
from stigmer_cli.errors import CliError, StackError, UsageError
from stigmer_cli.terminal import result, say

if TYPE_CHECKING:
    from stigmer_cli.settings import Settings

LOOK_SECONDS = 2.0

_DATABASE_ALONE = "It holds the database alone: the server is of an earlier version. Copy its data/artifacts too."


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="where to write the copy; FILE.sha256 goes beside it")],
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> None:
    """Copy the server's database and files to one archive while everything goes on.

    The key that secret values are sealed with is not in it: keep that apart.
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
    request = message_class("stigmer.runtime.v1.BackupRequest")(with_files=True)
    with connect(settings) as client:
        try:
            told = copies.save(client.raw().stream(SERVER_SERVICE, "Backup", request), path).summary
        except ApiError as error:
            raise translate(error, settings) from error
    if form == "json":
        numbers = {"bytes": told.size, "sha256": told.sha256, "revision": told.revision, "files": told.files}
        result(to_json({"file": str(path), **numbers, "missing": list(told.missing), "key_id": told.key_id}))
    else:
        say(f"{path}: revision {told.revision}, {told.files} files, {told.size} bytes", "green")
    _warn(settings, told)


def _warn(settings: Settings, told: Any) -> None:
    """Say on stderr what the copy does not hold."""
    if not told.with_files:
        say(_DATABASE_ALONE, "yellow")
    if told.missing:
        say(f"Not in it, because the server has no sound copy of them: {', '.join(told.missing)}", "yellow")
    if told.key_id:
        say(
            f"Its secret values are sealed with key {told.key_id}, which is not in it. Keep "
            f"{settings.home.encryption_key} (or STIGMER_ENCRYPTION_KEY of the server) apart: restore needs it.",
            "yellow",
        )


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="a file that `backup` wrote")],
    no_checksum: Annotated[bool, typer.Option("--no-checksum", help="go without FILE.sha256")] = False,
    no_key: Annotated[bool, typer.Option("--no-key", help="go without the encryption key for now")] = False,
) -> None:
    """Make a backup the database and files of this home. The stack must be down; the database before is kept."""
    from stigmer_cli import archives, copies  # noqa: PLC0415 - keeps `--help` fast

    settings = invocation.of(context).settings()
    if settings["server.database_url"]:
        raise UsageError(
            "server.database_url is set, and restore only replaces the file of the home",
            hint="restore that database with its own tools, or unset STIGMER_DATABASE_URL",
        )
    path, home = file.absolute(), settings.home
    contents = copies.check(path, without_checksum=no_checksum)
    if contents is not None and not no_key:
        _require_key(settings, contents.key_id)
    _refuse_running(settings)
    home.create()
    if contents is not None:  # the files first: until the database is in place nothing names them
        given = settings["server.artifacts_dir"]
        archives.put_files(path, Path(given).expanduser().absolute() if given else home.artifacts)
    with path.open("rb") if contents is None else archives.database_in(path) as source:
        kept = copies.put_in_place(source, home.database)
    say(f"{home.database} is what {path.name} holds." + (f" The one before: {kept}" if kept else ""), "green")
    if contents is None:
        say(f"It held a database alone: the files in {home.artifacts} are as they were.", "yellow")
    elif contents.missing:
        say(f"The backup did not have these files: {', '.join(contents.missing)}", "yellow")


def _require_key(settings: Settings, key_id: str) -> None:
    """Raise UsageError when secrets of a backup need a key that this home does not have."""
    from stigmer_api.encryption_keys import KEY_VARIABLE, read_key_text  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_api.encryption_keys import key_id as id_of  # noqa: PLC0415 - the same

    if not key_id:
        return
    path = settings.home.encryption_key
    text, place = settings["encryption_key"], KEY_VARIABLE
    try:
        if not text:
            text, place = path.read_text(encoding="ascii"), str(path)
        there = [id_of(key).hex() for key in read_key_text(text)]
    except FileNotFoundError:
        problem = f"{path} is missing"
    except (OSError, ValueError) as error:
        problem = f"{place} cannot be used: {error}"
    else:
        if key_id in there:
            return
        problem = f"{place} holds another one ({', '.join(there)})"
    raise UsageError(
        f"the secret values in this backup are sealed with key {key_id}, and {problem}; nothing was changed",
        hint=f"put the key that was kept apart at {path} (chmod 600), or use --no-key and put it there before `up`",
    )


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
