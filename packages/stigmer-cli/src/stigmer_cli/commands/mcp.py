"""Commands for MCP servers beyond those that every kind has."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stigmer_cli import invocation
from stigmer_cli.terminal import result, say

GROUP = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
"""`stigmer-ctl mcp …`."""

_SECONDS = 90.0
"""How long a connect may take: the server itself gives up earlier."""


@GROUP.callback()
def mcp() -> None:
    """Connect MCP servers: look at their tools and pin them."""


@GROUP.command()
def connect(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="NAME or the id of an MCP server")],
    env: Annotated[list[str] | None, typer.Option("--env", help="KEY=VALUE or secret:KEY=VALUE")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="wait until it is over")] = True,
) -> None:
    """Connect once, list the tools and pin them; what changes later is not used until it is connected again."""
    from stigmer_api.kinds import kind_by_key  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_api.methods import method  # noqa: PLC0415 - the same
    from stigmer_cli import connecting  # noqa: PLC0415 - the same
    from stigmer_cli.client import connect as connected  # noqa: PLC0415 - the same
    from stigmer_cli.client import full_name  # noqa: PLC0415 - the same
    from stigmer_cli.output import message_to_dict, to_json, to_yaml  # noqa: PLC0415 - the same
    from stigmer_cli.running import read_environment  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "json", "yaml", "name")
    kind = kind_by_key("mcp_server")
    with connected(given.settings()) as client:
        before = client.get(kind, name)
        verb = "connect" if wait else "startConnect"
        request: Any = method(kind, verb).request(mcp_server_id=before.metadata.id, org=before.metadata.org)
        for key, (value, secret) in read_environment(env or []).items():
            request.runtime_env[key].value, request.runtime_env[key].is_secret = value, secret
        after = client.call(kind, verb, request, timeout=_SECONDS)
    if not wait:
        say(f"connecting; look at it with `stigmer-ctl describe mcp/{after.metadata.slug}`")
    connecting.raise_if_failed(after)
    if form == "name" or not wait:
        result(full_name(kind, after))
    elif form in {"json", "yaml"}:
        body = message_to_dict(after)
        result(to_json(body) if form == "json" else to_yaml(body))
    else:
        result(connecting.tool_table(before, after))
        connecting.say_warnings(after)
