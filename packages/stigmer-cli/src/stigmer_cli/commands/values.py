"""Commands that show what the command line knows: settings, token, version."""

from __future__ import annotations

from typing import Annotated

import typer

from stigmer_cli import __version__, invocation
from stigmer_cli.errors import CliError, NotRunningError, UsageError
from stigmer_cli.suggestions import did_you_mean
from stigmer_cli.terminal import result


def config(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(help="one setting, for example server.port; all by default")] = None,
) -> None:
    """Show each setting, its value and where the value came from."""
    from stigmer_cli.output import table, to_json, to_yaml  # noqa: PLC0415 - keeps `--help` fast

    given = invocation.of(context)
    form = given.format("table", "json", "yaml")
    settings = given.settings()
    rows = {"home": (str(settings.home.root), settings.home_origin, "STIGMER_HOME")}
    for name, value in settings.values.items():
        shown = value.shown
        if name == "server.address" and not shown:
            shown = settings.server_address
        if name == "temporal.address" and not shown:
            shown = settings.temporal_address
        rows[name] = (shown, value.origin, value.setting.env[0])
    if key is not None:
        if key not in rows:
            raise UsageError(f"there is no setting {key!r}.{did_you_mean(key, rows)}", hint="see `stigmer-ctl config`")
        rows = {key: rows[key]}
    if form == "table":
        result(table(("SETTING", "VALUE", "ORIGIN", "VARIABLE"), [(name, *row) for name, row in rows.items()]))
        return
    body = {name: {"value": row[0], "origin": row[1], "variable": row[2]} for name, row in rows.items()}
    result(to_json(body) if form == "json" else to_yaml(body))


def token(context: typer.Context) -> None:
    """Print the bearer token of the API, for other clients."""
    settings = invocation.of(context).settings()
    if not settings.token:
        raise NotRunningError(
            f"there is no token in {settings.home.root} yet", hint="the first `stigmer-ctl up` makes it"
        )
    result(settings.token)


def version(context: typer.Context) -> None:
    """Show the version of the command line and, when it answers, of the server."""
    from stigmer_cli.output import to_json  # noqa: PLC0415 - keeps `--help` fast

    given = invocation.of(context)
    form = given.format("table", "json")
    server = ""
    try:
        from stigmer_cli.client import connect  # noqa: PLC0415 - gRPC costs 100 ms

        with connect(given.settings()) as client:
            server = client.server_version()
    except CliError as error:
        server, reason = "", error.message
    else:
        reason = ""
    if form == "json":
        result(to_json({"client": __version__, "server": server, "error": reason}))
        return
    result(f"stigmer-ctl {__version__}")
    result(f"server {server or f'unknown ({reason})'}")


COMMANDS = {"config": config, "token": token, "version": version}
