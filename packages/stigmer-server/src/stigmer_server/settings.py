"""The settings of the server: flag, then environment, then `config.yaml`, then default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import field_validator, model_validator

from stigmer_api.home_settings import BadSettings, HomeSettings, read_settings, setting
from stigmer_server.errors import StartupError

__all__ = ["Settings", "load_settings"]

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(HomeSettings):
    """One attribute per setting. Environment names are given as aliases."""

    host: str = setting("127.0.0.1", "STIGMER_HOST", file="server.host")
    """Bind address. Anything but loopback needs `tls_certificate` and `tls_key`: the token must not travel in clear."""

    port: int = setting(7234, "STIGMER_PORT", "GRPC_PORT", file="server.port", ge=0, le=65535)
    """TCP port of the API. 0 takes a free one (the log line `serving` names it)."""

    database_url: str = setting("", "STIGMER_DATABASE_URL", file="server.database_url")
    """Database. Empty: the SQLite file `data/stigmer.db` of the home, so that nothing has to be installed."""

    artifacts_dir: Path | None = setting(None, "STIGMER_ARTIFACTS_DIR", file="server.artifacts_dir")
    """Directory of skill packages, artifacts and attachments. Default: `data/artifacts` of the home. Several servers on
    one database need one directory."""

    tls_certificate: Path | None = setting(None, "STIGMER_TLS_CERTIFICATE", file="server.tls_certificate")
    """PEM file of the server's certificate chain. Default none: loopback only."""

    tls_key: Path | None = setting(None, "STIGMER_TLS_KEY", file="server.tls_key")
    """PEM file of the certificate's private key."""

    max_message_bytes: int = setting(
        64 * 1024 * 1024, "STIGMER_MAX_MESSAGE_BYTES", file="server.max_message_bytes", ge=1024 * 1024
    )
    """Largest request and response in bytes. 64 MiB: an artifact may have 50 MiB and travels in one message."""

    temporal_address: str = setting("", "TEMPORAL_SERVICE_ADDRESS", file="temporal.address")
    """`host:port` of Temporal. Empty: the managed one on 127.0.0.1 and `temporal_port`."""

    temporal_port: int = setting(7233, "STIGMER_TEMPORAL_PORT", file="temporal.port", ge=1, le=65535)
    """Port of the managed Temporal; only read while `temporal_address` is empty."""

    temporal_namespace: str = setting("default", "TEMPORAL_NAMESPACE", file="temporal.namespace", min_length=1)
    """Temporal namespace of all executions."""

    max_call_seconds: float = setting(120.0, "STIGMER_MAX_CALL_SECONDS", file="server.max_call_seconds", gt=0)
    """Longest time a unary call may take, in seconds, whatever deadline its client set. Streams are not bounded."""

    http_port: int | None = setting(None, "STIGMER_HTTP_PORT", file="server.http_port", ge=0, le=65535)
    """TCP port of 127.0.0.1 for `/metrics` and `/healthz`. Default none: nothing is served, so that two homes never
    want the same port. 0 takes a free one (the log line `serving metrics` names it)."""

    reconcile_seconds: float = setting(30.0, "STIGMER_RECONCILE_SECONDS", file="server.reconcile_seconds", gt=0)
    """Seconds between two comparisons of unfinished executions with Temporal. A safety net, hence seldom."""

    change_log_keep: int = setting(100_000, "STIGMER_CHANGE_LOG_KEEP", file="server.change_log_keep", ge=0)
    """Changes that the log keeps at least, so that watchers can resume. With 2 KB bodies the default is 200 MB."""

    change_log_keep_seconds: float = setting(
        3600.0, "STIGMER_CHANGE_LOG_KEEP_SECONDS", file="server.change_log_keep_seconds", ge=0
    )
    """Seconds for which every change is kept, beyond the count. An hour: a laptop that slept a while resumes."""

    change_log_max_bytes: int = setting(
        1024 * 1024 * 1024, "STIGMER_CHANGE_LOG_MAX_BYTES", file="server.change_log_max_bytes", ge=1024 * 1024
    )
    """Bytes that the log may take whatever its count and age: entries hold whole bodies. 1 GiB, a disk's small part."""

    upkeep_seconds: float = setting(60.0, "STIGMER_UPKEEP_SECONDS", file="server.upkeep_seconds", gt=0)
    """Seconds between two trims of the change log. A minute bounds how far it outgrows its limits."""

    token: str = setting("", "STIGMER_TOKEN", repr=False)
    """Bearer token. Empty: the file `token` of the home, made at the first start."""

    encryption_key: str = setting("", "STIGMER_ENCRYPTION_KEY", repr=False)
    """Keys that secrets are sealed with, as in the file. Empty: the file `data/encryption.key` of the home, made at the
    first start. Several servers on one database need the same keys."""

    log_level: str = setting("info", "STIGMER_LOG_LEVEL", file="log_level")
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


def load_settings(**flags: Any) -> Settings:
    """The settings in force; `flags` that are None count as not given. Raises StartupError naming each bad one."""
    try:
        return read_settings(Settings, flags)
    except BadSettings as error:
        raise StartupError(str(error)) from error
