"""The settings of the server: flag, then environment, then `config.yaml`, then default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stigmer_server.errors import StartupError
from stigmer_server.yaml_text import BadYaml, parse_yaml

__all__ = ["Settings", "load_settings"]

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

# Where each field lives in config.yaml: (section, key). An empty section is the top level.
_FILE_KEYS = {
    "host": ("server", "host"),
    "port": ("server", "port"),
    "database_url": ("server", "database_url"),
    "artifacts_dir": ("server", "artifacts_dir"),
    "tls_certificate": ("server", "tls_certificate"),
    "tls_key": ("server", "tls_key"),
    "max_message_bytes": ("server", "max_message_bytes"),
    "max_call_seconds": ("server", "max_call_seconds"),
    "http_port": ("server", "http_port"),
    "reconcile_seconds": ("server", "reconcile_seconds"),
    "change_log_keep": ("server", "change_log_keep"),
    "change_log_keep_seconds": ("server", "change_log_keep_seconds"),
    "change_log_max_bytes": ("server", "change_log_max_bytes"),
    "upkeep_seconds": ("server", "upkeep_seconds"),
    "temporal_address": ("temporal", "address"),
    "temporal_port": ("temporal", "port"),
    "temporal_namespace": ("temporal", "namespace"),
    "log_level": ("", "log_level"),
}


class Settings(BaseSettings):
    """One attribute per setting. Environment names are given as aliases."""

    model_config = SettingsConfigDict(populate_by_name=True, env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = Field(default=Path("~/.stigmer"), validation_alias=AliasChoices("STIGMER_HOME"))
    """Directory of everything that Stigmer keeps. One home, one stack."""

    host: str = Field(default="127.0.0.1", validation_alias=AliasChoices("STIGMER_HOST"))
    """Bind address. Anything but loopback needs `tls_certificate` and `tls_key`: the token must not travel in clear."""

    port: int = Field(default=7234, ge=0, le=65535, validation_alias=AliasChoices("STIGMER_PORT", "GRPC_PORT"))
    """TCP port of the API. 0 takes a free one (the log line `serving` names it)."""

    database_url: str = Field(default="", validation_alias=AliasChoices("STIGMER_DATABASE_URL"))
    """Database. Empty: the SQLite file `data/stigmer.db` of the home, so that nothing has to be installed."""

    artifacts_dir: Path | None = Field(default=None, validation_alias=AliasChoices("STIGMER_ARTIFACTS_DIR"))
    """Directory of skill packages, artifacts and attachments. Default: `data/artifacts` of the home. Several servers on
    one database need one directory."""

    tls_certificate: Path | None = Field(default=None, validation_alias=AliasChoices("STIGMER_TLS_CERTIFICATE"))
    """PEM file of the server's certificate chain. Default none: loopback only."""

    tls_key: Path | None = Field(default=None, validation_alias=AliasChoices("STIGMER_TLS_KEY"))
    """PEM file of the certificate's private key."""

    max_message_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1024 * 1024, validation_alias=AliasChoices("STIGMER_MAX_MESSAGE_BYTES")
    )
    """Largest request and response in bytes. 64 MiB: an artifact may have 50 MiB and travels in one message."""

    temporal_address: str = Field(default="", validation_alias=AliasChoices("TEMPORAL_SERVICE_ADDRESS"))
    """`host:port` of Temporal. Empty: the managed one on 127.0.0.1 and `temporal_port`."""

    temporal_port: int = Field(default=7233, ge=1, le=65535, validation_alias=AliasChoices("STIGMER_TEMPORAL_PORT"))
    """Port of the managed Temporal; only read while `temporal_address` is empty."""

    temporal_namespace: str = Field(
        default="default", min_length=1, validation_alias=AliasChoices("TEMPORAL_NAMESPACE")
    )
    """Temporal namespace of all executions."""

    max_call_seconds: float = Field(default=120.0, gt=0, validation_alias=AliasChoices("STIGMER_MAX_CALL_SECONDS"))
    """Longest time a unary call may take, in seconds, whatever deadline its client set. Streams are not bounded."""

    http_port: int | None = Field(default=None, ge=0, le=65535, validation_alias=AliasChoices("STIGMER_HTTP_PORT"))
    """TCP port of 127.0.0.1 for `/metrics` and `/healthz`. Default none: nothing is served, so that two homes never
    want the same port. 0 takes a free one (the log line `serving metrics` names it)."""

    reconcile_seconds: float = Field(default=30.0, gt=0, validation_alias=AliasChoices("STIGMER_RECONCILE_SECONDS"))
    """Seconds between two comparisons of unfinished executions with Temporal. A safety net, hence seldom."""

    change_log_keep: int = Field(default=100_000, ge=0, validation_alias=AliasChoices("STIGMER_CHANGE_LOG_KEEP"))
    """Changes that the log keeps at least, so that watchers can resume. With 2 KB bodies the default is 200 MB."""

    change_log_keep_seconds: float = Field(
        default=3600.0, ge=0, validation_alias=AliasChoices("STIGMER_CHANGE_LOG_KEEP_SECONDS")
    )
    """Seconds for which every change is kept, beyond the count. An hour: a laptop that slept a while resumes."""

    change_log_max_bytes: int = Field(
        default=1024 * 1024 * 1024, ge=1024 * 1024, validation_alias=AliasChoices("STIGMER_CHANGE_LOG_MAX_BYTES")
    )
    """Bytes that the log may take whatever its count and age: entries hold whole bodies. 1 GiB, a disk's small part."""

    upkeep_seconds: float = Field(default=60.0, gt=0, validation_alias=AliasChoices("STIGMER_UPKEEP_SECONDS"))
    """Seconds between two trims of the change log. A minute bounds how far it outgrows its limits."""

    token: str = Field(default="", validation_alias=AliasChoices("STIGMER_TOKEN"), repr=False)
    """Bearer token. Empty: the file `token` of the home, made at the first start."""

    encryption_key: str = Field(default="", validation_alias=AliasChoices("STIGMER_ENCRYPTION_KEY"), repr=False)
    """Keys that secrets are sealed with, as in the file. Empty: the file `data/encryption.key` of the home, made at the
    first start. Several servers on one database need the same keys."""

    log_level: str = Field(default="info", validation_alias=AliasChoices("STIGMER_LOG_LEVEL"))
    """debug, info, warning or error."""

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        level = value.lower()
        if level not in {"debug", "info", "warning", "error"}:
            raise ValueError("must be debug, info, warning or error")
        return level

    @field_validator("home")
    @classmethod
    def _absolute_home(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="after")
    def _tls_away_from_loopback(self) -> Settings:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together: set both or none")
        if self.host not in _LOOPBACK_HOSTS and self.tls_certificate is None:
            raise ValueError(
                f"host {self.host} is reachable from other machines: set tls_certificate and tls_key, or bind 127.0.0.1"
            )
        return self

    @property
    def store_url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'data' / 'stigmer.db'}"

    @property
    def artifacts_path(self) -> Path:
        """The directory of artifacts in force."""
        given = self.artifacts_dir
        return self.home / "data" / "artifacts" if given is None else given.expanduser().absolute()

    @property
    def temporal_target(self) -> str:
        """`host:port` of the Temporal in force."""
        return self.temporal_address or f"127.0.0.1:{self.temporal_port}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment and the file of the home, in this order."""
        return (init_settings, env_settings, _ConfigFile(settings_cls, (init_settings, env_settings)))


class _ConfigFile(PydanticBaseSettingsSource):
    """`config.yaml` of the home that the stronger sources name."""

    def __init__(self, settings_cls: type[BaseSettings], stronger: tuple[PydanticBaseSettingsSource, ...]) -> None:
        super().__init__(settings_cls)
        self._stronger = stronger

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused: the whole file is read at once in `__call__`."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        document = _read_mapping(self._home() / "config.yaml")
        values: dict[str, Any] = {}
        for field, (section, key) in _FILE_KEYS.items():
            holder = document.get(section) if section else document
            if isinstance(holder, dict) and holder.get(key) is not None:
                values[field] = holder[key]
        return values

    def _home(self) -> Path:
        for source in self._stronger:
            found = source()
            for name in ("home", "STIGMER_HOME"):
                if found.get(name):
                    return Path(str(found[name])).expanduser()
        return Path("~/.stigmer").expanduser()


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StartupError(f"cannot read {path}: {error.strerror}") from error
    try:
        document = parse_yaml(text)
    except BadYaml as error:
        raise StartupError(f"{path} is not valid YAML: {error}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise StartupError(f"{path} must hold a mapping of settings")
    return document


def load_settings(**flags: Any) -> Settings:
    """The settings in force; `flags` that are None count as not given. Raises StartupError naming each bad one."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise StartupError("; ".join(_problem(item) for item in error.errors())) from error


def _problem(item: Any) -> str:
    name = ".".join(str(part) for part in item["loc"]) or "settings"
    return f"{name}: {str(item['msg']).removeprefix('Value error, ')}"
