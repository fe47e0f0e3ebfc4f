"""Checks, without changing anything, whether `up` would work here."""

from __future__ import annotations

import importlib.util
import os
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from stigmer_cli.errors import CliError
from stigmer_cli.settings import Settings
from stigmer_cli.supervision import stack
from stigmer_cli.supervision.ports import check_ports, needed_ports
from stigmer_cli.supervision.temporal_binary import default_release, find_binary


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, what was found, and what to do when it is not well."""

    name: str
    ok: bool
    found: str
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        """What `doctor -o json` prints of it."""
        return asdict(self)


def examine(settings: Settings) -> list[Check]:
    """Run every check; none of them stops the others."""
    checks = {
        "home": _home,
        "token": _token,
        "packages": _packages,
        "temporal": _temporal,
        "ports": _ports,
    }
    return [_run(name, check, settings) for name, check in checks.items()]


def _run(name: str, check: Callable[[Settings], str], settings: Settings) -> Check:
    try:
        return Check(name, True, check(settings))
    except CliError as error:
        return Check(name, False, error.message, error.hint)


def _home(settings: Settings) -> str:
    root = settings.home.root
    if not root.exists():
        return f"{root} does not exist yet, `up` makes it"
    if not os.access(root, os.W_OK | os.X_OK):
        raise CliError(f"{root} is not writable", hint="correct its owner, or set STIGMER_HOME")
    mode = stat.S_IMODE(root.stat().st_mode)
    return f"{root} ({mode:04o}" + (", `up` makes it 0700)" if mode & 0o077 else ")")


def _token(settings: Settings) -> str:
    path = settings.home.token
    if not path.exists():
        return "none yet, the first start makes it"
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise CliError(f"{path} can be read by others", hint=f"chmod 600 {path}")
    if not settings.token:
        raise CliError(f"{path} is empty", hint="remove it and run `stigmer-ctl up`")
    return str(path)


def _packages(_: Settings) -> str:
    stack.require_local_extra()
    return "everything that `up` starts is installed"


def _temporal(settings: Settings) -> str:
    if not settings.managed_temporal:
        return f"external, {settings.temporal_address}"
    release = default_release()
    try:
        binary = find_binary(settings, download_allowed=False)
    except CliError as error:
        if settings["temporal.bin"]:
            raise
        return f"{error.message}; `up` downloads {release.version}"
    return f"{binary.version} (server {binary.server_version}) from {binary.origin}: {binary.path}"


def _ports(settings: Settings) -> str:
    listed = ", ".join(f"{item.port} ({item.purpose})" for item in needed_ports(settings))
    if stack.is_running(settings.home):
        return f"{listed}: in use by this stack"
    if importlib.util.find_spec("psutil") is None:
        return "not checked, psutil is missing"
    check_ports(settings)
    return f"{listed}: free"
