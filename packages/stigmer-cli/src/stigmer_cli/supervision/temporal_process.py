"""Becomes the managed Temporal: `python -m stigmer_cli.supervision.temporal_process`, started by supervisord.

The dev server is slow by its defaults, not by nature: its queues are polled 20 times a second on a single shard, and
its database syncs in rollback-journal mode. The flags below make an activity hop six times faster and timers forty.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from stigmer_cli.errors import CliError
from stigmer_cli.settings import LOOPBACK, Settings, load_settings
from stigmer_cli.supervision.components import CANNOT_START
from stigmer_cli.supervision.parent import die_with_parent
from stigmer_cli.supervision.temporal_binary import find_binary

DYNAMIC_CONFIG: dict[str, int | str] = {
    "history.transferProcessorMaxPollRPS": 2000,
    "history.timerProcessorMaxPollRPS": 2000,
    "history.timerProcessorMaxTimeShift": "20ms",  # guards against clock skew between hosts; there is one host
    "history.visibilityProcessorMaxPollRPS": 2000,
    "history.outboundProcessorMaxPollRPS": 2000,
}

SQLITE_PRAGMAS = {"journal_mode": "WAL", "synchronous": "NORMAL"}


def database_name(server_version: str) -> str:
    """Path of the database, relative to the home: Temporal reads characters such as ? and % in it as a URL."""
    return f"data/temporal-{server_version}.db"


def arguments(settings: Settings, binary: Path, server_version: str) -> list[str]:
    """Return the command line of the managed Temporal."""
    command = [str(binary), "server", "start-dev", "--ip", LOOPBACK, "--ui-ip", LOOPBACK]
    command += ["--port", settings["temporal.port"], "--ui-port", settings["temporal.ui_port"]]
    command += ["--namespace", settings["temporal.namespace"]]
    command += ["--db-filename", database_name(server_version)]
    command += ["--log-format", "json", "--log-level", "warn"]
    for name, value in DYNAMIC_CONFIG.items():
        command += ["--dynamic-config-value", f"{name}={json.dumps(value)}"]
    for name, value in SQLITE_PRAGMAS.items():
        command += ["--sqlite-pragma", f"{name}={value}"]
    return command


def main() -> None:
    """Find the binary and become it; exits 3 with the reason when that cannot work."""
    supervised = os.environ.get("STIGMER_SUPERVISED") == "1"
    try:
        settings = load_settings(running_stack=False)
        binary = find_binary(settings)
    except CliError as error:
        sys.stderr.write(f"temporal: {error.message} ({error.hint})\n")
        sys.exit(CANNOT_START)
    if supervised and not die_with_parent(settings.home.run / "supervisord.pid"):
        sys.exit(1)
    os.chdir(settings.home.root)
    command = arguments(settings, binary.path.absolute(), binary.server_version)
    os.execv(command[0], command)  # noqa: S606 - becoming this program is the purpose


if __name__ == "__main__":
    main()
