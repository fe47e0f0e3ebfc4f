"""Every setting of the command line: flag > environment > running stack > config.yaml > default.

The running stack comes third because `up` may have been given other ports by flags: its record says where it listens.
The services read the same variables and the same config.yaml by themselves.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stigmer_api.server_settings import SERVER_SETTINGS
from stigmer_cli.errors import UsageError
from stigmer_cli.paths import Home

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `key` is its path in config.yaml, `env` its variables (the first is the one to document).

    in_file: False when config.yaml cannot set it.
    """

    key: str
    env: tuple[str, ...]
    flag: str
    help: str
    default: str = ""
    port: bool = False
    secret: bool = False
    in_file: bool = True


SETTINGS: tuple[Setting, ...] = (
    Setting("server.host", ("STIGMER_HOST",), "--host", "address that the server binds", LOOPBACK),
    Setting("server.port", ("STIGMER_PORT", "GRPC_PORT"), "--port", "port of the server", "7234", port=True),
    Setting("server.address", ("STIGMER_SERVER_ADDRESS",), "--server", "host:port of the server to talk to"),
    Setting("server.database_url", ("STIGMER_DATABASE_URL",), "", "database of the server", secret=True),
    Setting("temporal.address", ("TEMPORAL_SERVICE_ADDRESS",), "--temporal-host", "an external Temporal, host:port"),
    Setting("temporal.port", ("STIGMER_TEMPORAL_PORT",), "--temporal-port", "managed Temporal", "7233", port=True),
    Setting("temporal.ui_port", ("STIGMER_TEMPORAL_UI_PORT",), "--temporal-ui-port", "its UI", "8233", port=True),
    Setting("temporal.namespace", ("TEMPORAL_NAMESPACE",), "", "Temporal namespace", "default"),
    Setting("temporal.bin", ("STIGMER_TEMPORAL_BIN",), "--temporal-bin", "path of the Temporal binary"),
    Setting("llm.provider", ("STIGMER_LLM_PROVIDER",), "", "default model provider of agents"),
    Setting("llm.model", ("STIGMER_LLM_MODEL",), "", "default model of agents"),
    Setting("llm.base_url", ("STIGMER_LLM_BASE_URL",), "", "address of the model provider"),
    Setting("llm.api_key", ("STIGMER_LLM_API_KEY", "OPENAI_API_KEY"), "", "key of the model provider", secret=True),
    Setting("agent.sandbox", ("STIGMER_AGENT_SANDBOX",), "", "auto, bubblewrap, landlock, unsafe or none", "auto"),
    Setting("agent.database_url", ("STIGMER_AGENT_DATABASE_URL",), "", "Postgres for conversations", secret=True),
    Setting("org", ("STIGMER_ORG",), "--org", "organisation of resources that name none", "local"),
    Setting("token", ("STIGMER_TOKEN",), "", "bearer token; else the token file of the home", secret=True),
    Setting("log_level", ("STIGMER_LOG_LEVEL",), "", "debug, info, warning or error", "info"),
)

SETTINGS += tuple(  # what only the server reads, to be shown
    Setting(
        item.key or item.field, (item.env,), "", item.help, item.default, secret=item.secret, in_file=bool(item.key)
    )
    for item in SERVER_SETTINGS
)

_BY_KEY = {setting.key: setting for setting in SETTINGS}

ORIGIN_DEFAULT = "default"
ORIGIN_STACK = "running stack"


@dataclass(frozen=True, slots=True)
class Value:
    """What a setting is and where that came from: "flag --port", "environment STIGMER_PORT", "config.yaml" …"""

    setting: Setting
    text: str
    origin: str

    @property
    def shown(self) -> str:
        """The value as it may appear on a screen."""
        if self.setting.secret and self.text:
            return "(set)" if self.setting.key != "server.database_url" else _without_password(self.text)
        return self.text


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    scheme, _, user = head.partition("://")
    return f"{scheme}://{user.partition(':')[0]}:***@{tail}" if at else url


@dataclass(frozen=True, slots=True)
class Settings:
    """The resolved settings of one command."""

    home: Home
    home_origin: str
    values: Mapping[str, Value]

    def __getitem__(self, key: str) -> str:
        return self.values[key].text

    def port(self, key: str) -> int:
        """A setting that is a port number; load_settings checked it."""
        return int(self[key])

    @property
    def server_address(self) -> str:
        """host:port where the server answers."""
        return self["server.address"] or self.local_server_address

    @property
    def local_server_address(self) -> str:
        """host:port of the server that `up` starts here."""
        host = self["server.host"]
        return f"{LOOPBACK if host in {'0.0.0.0', '::', '*'} else host}:{self['server.port']}"  # noqa: S104 - compared

    @property
    def managed_temporal(self) -> bool:
        """True when `up` starts Temporal itself."""
        return not self["temporal.address"]

    @property
    def temporal_address(self) -> str:
        """host:port of Temporal, managed or not."""
        return self["temporal.address"] or f"{LOOPBACK}:{self['temporal.port']}"

    @property
    def temporal_ui(self) -> str:
        """URL of the UI of the managed Temporal."""
        return f"http://{LOOPBACK}:{self['temporal.ui_port']}"

    @property
    def token(self) -> str:
        """Bearer token, or an empty text when there is none yet."""
        return self["token"] or self.home.read_token()


def find_home(flag: str | None, environ: Mapping[str, str]) -> tuple[Home, str]:
    """Return the home and where its path came from; the path is absolute."""
    if flag:
        return Home(Path(flag).expanduser().absolute()), "flag --home"
    if environ.get("STIGMER_HOME"):
        return Home(Path(environ["STIGMER_HOME"]).expanduser().absolute()), "environment STIGMER_HOME"
    return Home(Path("~/.stigmer").expanduser()), ORIGIN_DEFAULT


def load_settings(
    *,
    home: str | None = None,
    flags: Mapping[str, str | int | None] | None = None,
    environ: Mapping[str, str] | None = None,
    running_stack: bool = True,
) -> Settings:
    """Resolve every setting. `flags` maps keys to what was given on the command line; None means not given.

    running_stack: whether the record of a running stack counts; `up` starts afresh and ignores it.
    Raises UsageError for a config.yaml that cannot be read and for values that cannot be right.
    """
    environ = os.environ if environ is None else environ
    found, origin = find_home(home, environ)
    config = _read_config(found.config)
    record = _read_record(found.record) if running_stack else {}
    given = flags or {}
    values = {item.key: _resolve(item, given.get(item.key), environ, (record, config)) for item in SETTINGS}
    for value in values.values():
        _check(value)
    return Settings(found, origin, values)


def _resolve(
    setting: Setting,
    flag: str | int | None,
    environ: Mapping[str, str],
    files: tuple[Mapping[str, str], Mapping[str, str]],
) -> Value:
    record, config = files
    if flag is not None:
        return Value(setting, str(flag), f"flag {setting.flag}")
    for name in setting.env:
        if environ.get(name):
            return Value(setting, environ[name], f"environment {name}")
    if setting.key in record:
        return Value(setting, record[setting.key], ORIGIN_STACK)
    if setting.key in config:
        return Value(setting, config[setting.key], "config.yaml")
    return Value(setting, setting.default, ORIGIN_DEFAULT)


def _check(value: Value) -> None:
    if value.setting.port and not (value.text.isdecimal() and 0 < int(value.text) < 65536):
        raise UsageError(
            f"{value.setting.key} is {value.text!r} ({value.origin}), expected a port number from 1 to 65535"
        )


def _read_record(path: Path) -> dict[str, str]:
    """Return the settings in the record of the running stack; nothing when none runs or the file is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["settings"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {key: value for key, value in found.items() if key in _BY_KEY and isinstance(value, str)}


def _read_config(path: Path) -> dict[str, str]:
    """Return config.yaml as flat keys; keys that belong to the services alone are left to them."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    if all(line.lstrip()[:1] in {"", "#"} for line in text.splitlines()):
        return {}  # only comments, as first written: spare the YAML reader
    return _flatten(_parse_yaml(path, text), path)


def _parse_yaml(path: Path, text: str) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 - 80 ms that most commands need not cost
    from ruamel.yaml.error import MarkedYAMLError  # noqa: PLC0415 - the same

    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}:{line}: {error.problem}", hint="correct the file; it is YAML") from error


def _flatten(document: Any, path: Path) -> dict[str, str]:
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise UsageError(f"{path}: expected a mapping of settings, found {type(document).__name__}")
    found: dict[str, str] = {}
    for setting in (item for item in SETTINGS if item.in_file):
        value: Any = document
        for part in setting.key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, dict | list):
            raise UsageError(f"{path}: {setting.key} must be a single value")
        if value is not None and value != "":
            found[setting.key] = str(value)
    return found


def service_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that supervisord and so every service starts with.

    Flags reach the services this way and no other: nothing that a user can type goes into supervisord.conf.
    """
    result = dict(environ)
    result["STIGMER_HOME"] = str(settings.home.root)
    for value in settings.values.values():
        if value.setting.env and (value.origin.startswith("flag ") or value.origin == ORIGIN_STACK):
            result[value.setting.env[0]] = value.text
    result["STIGMER_HOST"] = settings["server.host"]
    result["STIGMER_PORT"] = settings["server.port"]
    result["STIGMER_SERVER_ADDRESS"] = settings.local_server_address
    result["TEMPORAL_SERVICE_ADDRESS"] = settings.temporal_address
    result.pop("GRPC_PORT", None)  # the alias of STIGMER_PORT, which now says the same for certain
    return result
