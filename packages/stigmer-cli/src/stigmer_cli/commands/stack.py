"""Commands that start, stop and show the local stack."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stigmer_cli import invocation
from stigmer_cli.commands.started import show_started
from stigmer_cli.errors import NotRunningError, StackError
from stigmer_cli.terminal import ProgressLine, paint, result, say

READY_SECONDS = 60.0

PortOption = Annotated[int | None, typer.Option("--port", help="port of the server (STIGMER_PORT)")]
TemporalPortOption = Annotated[int | None, typer.Option("--temporal-port", help="port of the managed Temporal")]
UiPortOption = Annotated[int | None, typer.Option("--temporal-ui-port", help="port of the Temporal UI")]
TemporalHostOption = Annotated[
    str | None, typer.Option("--temporal-host", help="use this Temporal (host:port) and start none")
]
TemporalBinOption = Annotated[str | None, typer.Option("--temporal-bin", help="path of the Temporal binary")]
TimeoutOption = Annotated[float, typer.Option("--timeout", help="seconds to wait until everything is ready")]


def up(  # noqa: PLR0913, PLR0917 - each parameter is an option
    context: typer.Context,
    port: PortOption = None,
    temporal_port: TemporalPortOption = None,
    temporal_ui_port: UiPortOption = None,
    temporal_host: TemporalHostOption = None,
    temporal_bin: TemporalBinOption = None,
    timeout: TimeoutOption = READY_SECONDS,
) -> None:
    """Start everything on this machine and wait until it is ready."""
    from stigmer_cli.supervision.bringing_up import bring_up  # noqa: PLC0415 - keeps `--help` fast

    given = invocation.of(context)
    form = given.format("table", "json")
    settings = given.settings(
        {
            "server.port": port,
            "temporal.port": temporal_port,
            "temporal.ui_port": temporal_ui_port,
            "temporal.address": temporal_host,
            "temporal.bin": temporal_bin,
        },
        running_stack=False,
    )
    _print_started(bring_up(settings, given.settings, timeout), form)


def _print_started(started: Any, form: str) -> None:
    from stigmer_cli.output import to_json  # noqa: PLC0415 - keeps `--help` fast

    if form == "json":
        result(to_json(started.as_json()))
    else:
        show_started(started)


def down(context: typer.Context) -> None:
    """Stop the local stack and wait until it is gone."""
    from stigmer_cli.supervision import stack  # noqa: PLC0415 - keeps `--help` fast

    home = invocation.of(context).settings().home
    line = ProgressLine()
    try:
        stopped = stack.stop(home, lambda left: line.show(f"stopping {left or 'supervisord'}"))
    finally:
        line.clear()
    say("Stigmer is stopped." if stopped else f"Nothing is running in {home.root}.")


def restart(
    context: typer.Context,
    component: Annotated[str | None, typer.Argument(help="one component; without it the whole stack")] = None,
    timeout: TimeoutOption = READY_SECONDS,
) -> None:
    """Restart one component, or stop and start the whole stack with the settings it runs with."""
    from stigmer_cli.supervision import stack  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.supervision.bringing_up import await_ready, bring_up, known_component  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "json")
    settings = given.settings()
    if component is not None:
        name = known_component(component)
        if not stack.is_running(settings.home):
            raise NotRunningError(f"nothing is running in {settings.home.root}", hint="start it with `stigmer-ctl up`")
        stack.restart_component(settings.home, name)
        await_ready(settings, timeout)
        say(f"{name} is ready again.", "green")
        return
    stack.stop(settings.home, lambda _: None)
    _print_started(bring_up(settings, given.settings, timeout), form)


def status(context: typer.Context) -> None:
    """Show every component: what supervisord says and whether it answers. Exit code 3 when nothing runs."""
    from stigmer_cli.output import table, to_json  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.supervision.status import look  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "json")
    found = look(given.settings())
    if form == "json":
        result(to_json(found.as_json()))
    else:
        result(table(_STATUS_COLUMNS, [_status_row(item) for item in found.components]))
    if not found.running:
        raise NotRunningError(f"nothing is running in {found.home}", hint="start it with `stigmer-ctl up`")
    if not found.ready:
        waiting = ", ".join(item.name for item in found.components if not item.ready)
        raise StackError(f"not ready: {waiting}", hint="see `stigmer-ctl logs`")


_STATUS_COLUMNS = ("COMPONENT", "STATE", "READY", "PID", "UPTIME", "PORTS", "")


def _status_row(item: Any) -> list[str]:
    from stigmer_cli.output import duration  # noqa: PLC0415 - keeps `--help` fast

    return [
        item.name,
        item.state,
        "yes" if item.ready else "no",
        str(item.pid or "-"),
        duration(item.uptime_seconds) if item.pid else "-",
        ",".join(str(port) for port in item.ports) or "-",
        item.reason,
    ]


def logs(
    context: typer.Context,
    subject: Annotated[str | None, typer.Argument(help="a component or the id of an execution; all by default")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what is written from now on")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="how many of the last lines to show")] = 50,
) -> None:
    """Show the logs of the components, or the lines that name one execution."""
    from stigmer_cli.supervision.bringing_up import log_selection  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.supervision.logs import follow as follow_files  # noqa: PLC0415 - the same
    from stigmer_cli.supervision.logs import recent  # noqa: PLC0415 - the same

    home = invocation.of(context).settings().home
    paths, wanted = log_selection(home, subject)
    several = len(paths) > 1

    def show(name: str, line: str) -> None:
        result(f"{paint(f'[{name}]', 'dim', typer.get_text_stream('stdout'))} {line}" if several else line)

    if not any(path.exists() for path in paths.values()):
        raise NotRunningError(f"there are no logs in {home.logs}", hint="start the stack with `stigmer-ctl up`")
    for name, line in recent(paths, wanted, lines):
        show(name, line)
    if follow:
        for name, line in follow_files(paths, wanted):
            show(name, line)


def doctor(context: typer.Context) -> None:
    """Check what `up` needs (home, token, packages, Temporal, ports, database, disk), the sandbox and the model."""
    from stigmer_cli.output import to_json  # noqa: PLC0415 - keeps `--help` fast
    from stigmer_cli.supervision.doctor import examine  # noqa: PLC0415 - the same

    given = invocation.of(context)
    form = given.format("table", "json")
    checks = examine(given.settings())
    if form == "json":
        result(to_json({"checks": [item.as_json() for item in checks], "ok": all(item.ok for item in checks)}))
    else:
        for item in checks:
            word, style = ("warn", "yellow") if item.warning else ("ok  ", "green") if item.ok else ("FAIL", "red")
            mark = paint(word, style, typer.get_text_stream("stdout"))
            result(f"{mark} {item.name:<12}{item.found}" + (f"\n     {item.hint}" if item.hint else ""))
    if not all(item.ok for item in checks):
        raise StackError("`stigmer-ctl up` would fail here", hint="mend what is marked FAIL above")


def quickstart(
    context: typer.Context,
    port: PortOption = None,
    temporal_port: TemporalPortOption = None,
    temporal_ui_port: UiPortOption = None,
    timeout: TimeoutOption = READY_SECONDS,
) -> None:
    """Start the stack when needed, apply a small agent and workflow, and run them."""
    from stigmer_cli.commands.quickstart import run_quickstart  # noqa: PLC0415 - keeps `--help` fast

    flags = {"server.port": port, "temporal.port": temporal_port, "temporal.ui_port": temporal_ui_port}
    run_quickstart(invocation.of(context), flags, timeout)


COMMANDS = {
    "quickstart": quickstart,
    "up": up,
    "down": down,
    "restart": restart,
    "status": status,
    "logs": logs,
    "doctor": doctor,
}
