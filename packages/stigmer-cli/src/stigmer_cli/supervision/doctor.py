"""Checks, without changing anything, whether `up` would work here, and what agents will find.

A check is ok, a warning (the stack works, something of it will not or is dangerous), or a failure (`up` would fail).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from stigmer_api.sandbox import NONE, UNSAFE, choose
from stigmer_api.sandbox import SETTINGS as SANDBOXES
from stigmer_cli.errors import CliError
from stigmer_cli.output import size
from stigmer_cli.settings import Settings
from stigmer_cli.supervision import stack
from stigmer_cli.supervision.ports import check_ports, needed_ports
from stigmer_cli.supervision.surroundings import look_at_model, look_at_postgres, look_at_server
from stigmer_cli.supervision.temporal_binary import default_release, find_binary

LOW_BYTES = 1_000_000_000
FULL_BYTES = 100_000_000
"""Free space below which the disk is a warning, and a failure."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, what was found, and what to do when it is not well. ok: true for warnings too."""

    name: str
    ok: bool
    found: str
    hint: str = ""
    warning: bool = False

    def as_json(self) -> dict[str, Any]:
        """What `doctor -o json` prints of it."""
        return asdict(self)


class DoctorWarning(CliError):
    """What a check found does not keep the stack from working."""


def examine(settings: Settings) -> list[Check]:
    """Run every check; none of them stops the others."""
    checks = {
        "home": _home,
        "token": _token,
        "packages": _packages,
        "temporal": _temporal,
        "ports": _ports,
        "database": _database,
        "disk": _disk,
        "sandbox": _sandbox,
        "model": _model,
        "server": _server,
    }
    return [_run(name, check, settings) for name, check in checks.items()]


def _run(name: str, check: Callable[[Settings], str], settings: Settings) -> Check:
    try:
        return Check(name, True, check(settings))
    except DoctorWarning as warning:
        return Check(name, True, warning.message, warning.hint, warning=True)
    except CliError as error:
        return Check(name, False, error.message, error.hint)


def _home(settings: Settings) -> str:
    root = settings.home.root
    if not root.exists():
        return f"{root} does not exist yet, `up` makes it"
    if not os.access(root, os.W_OK | os.X_OK):
        raise CliError(f"{root} is not writable", hint="correct its owner, or set STIGMER_HOME")
    mode = stat.S_IMODE(root.stat().st_mode)
    if mode & 0o077:
        raise DoctorWarning(
            f"{root} ({mode:04o}) can be entered by others; `up` makes it 0700", hint=f"chmod 700 {root}"
        )
    return f"{root} ({mode:04o})"


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


def _database(settings: Settings) -> str:
    url = settings["server.database_url"]
    if url.startswith("postgres"):
        return look_at_postgres(url)
    path = settings.home.database
    if url:
        return "set by server.database_url"
    if not path.exists():
        return f"{path} does not exist yet, the first start makes it"
    mode = stat.S_IMODE(path.stat().st_mode)
    if not os.access(path, os.R_OK | os.W_OK):
        raise CliError(f"{path} is not writable", hint="correct its owner")
    if mode & 0o077:
        raise DoctorWarning(f"{path} ({mode:04o}) can be read by others", hint=f"chmod 600 {path}")
    return f"{path} ({size(path.stat().st_size)})"


def _disk(settings: Settings) -> str:
    root = settings.home.root
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    text = f"{size(free)} free for {root}"
    if free < FULL_BYTES:
        raise CliError(text, hint="databases stop being written when the disk is full: make room")
    if free < LOW_BYTES:
        raise DoctorWarning(text, hint="make room before it is full")
    return text


def _sandbox(settings: Settings) -> str:
    wanted = settings["agent.sandbox"]
    if wanted not in SANDBOXES:
        raise CliError(f"agent.sandbox is {wanted!r}", hint=f"one of: {', '.join(SANDBOXES)}")
    choice = choose(wanted)
    others = "; ".join(f"{found.kind}: {found.detail}" for found in choice.findings if found.kind != choice.kind)
    text = f"{choice.kind}: {choice.reason}" + (f" ({others})" if others and choice.kind != NONE else "")
    if choice.kind == UNSAFE:
        raise DoctorWarning(text, hint="commands of agents can do whatever you can; set agent.sandbox to auto")
    if choice.kind == NONE and wanted != NONE:
        raise DoctorWarning(text, hint="until then their tool `execute` refuses; agent.sandbox: none hides it")
    return text


def _model(settings: Settings) -> str:
    provider = settings["llm.provider"]
    if not provider:
        return "no default provider (llm.provider): agents name their own, or are scripted"
    try:
        return look_at_model(provider, settings["llm.base_url"], _key_for(provider, settings))
    except CliError as error:
        raise DoctorWarning(error.message, hint=error.hint) from error


def _key_for(provider: str, settings: Settings) -> str:
    """The key that may be sent to a provider: never OpenAI's to another one, as the runner holds it too."""
    key = settings.values["llm.api_key"]
    belongs_elsewhere = key.origin.endswith("OPENAI_API_KEY") and provider not in {"openai", "openai-compatible"}
    return "" if belongs_elsewhere else key.text


def _server(settings: Settings) -> str:
    if not stack.is_running(settings.home) and not settings["server.address"]:
        return "not running"
    try:
        return look_at_server(settings)
    except CliError as error:
        raise DoctorWarning(error.message, hint=error.hint) from error
