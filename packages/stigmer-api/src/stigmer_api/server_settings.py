"""The settings that only the server reads, as data: so the command line can show them without importing the server.

The server's own class of settings is what counts; a test of the server holds this table equal to it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SERVER_SETTINGS", "ServerSetting"]


@dataclass(frozen=True, slots=True)
class ServerSetting:
    """One setting: `key` is its path in config.yaml ("" where only the environment is read), `default` as text."""

    field: str
    key: str
    env: str
    default: str
    help: str
    secret: bool = False


SERVER_SETTINGS: tuple[ServerSetting, ...] = (
    ServerSetting(
        "artifacts_dir", "server.artifacts_dir", "STIGMER_ARTIFACTS_DIR", "", "files of skills and artifacts"
    ),
    ServerSetting(
        "tls_certificate", "server.tls_certificate", "STIGMER_TLS_CERTIFICATE", "", "PEM file of the certificate chain"
    ),
    ServerSetting("tls_key", "server.tls_key", "STIGMER_TLS_KEY", "", "PEM file of the certificate's key"),
    ServerSetting(
        "max_message_bytes", "server.max_message_bytes", "STIGMER_MAX_MESSAGE_BYTES", "67108864", "of one message"
    ),
    ServerSetting(
        "max_call_seconds", "server.max_call_seconds", "STIGMER_MAX_CALL_SECONDS", "120.0", "of a unary call"
    ),
    ServerSetting("http_port", "server.http_port", "STIGMER_HTTP_PORT", "", "port of /metrics and /healthz"),
    ServerSetting(
        "reconcile_seconds",
        "server.reconcile_seconds",
        "STIGMER_RECONCILE_SECONDS",
        "30.0",
        "between comparisons with Temporal",
    ),
    ServerSetting(
        "change_log_keep", "server.change_log_keep", "STIGMER_CHANGE_LOG_KEEP", "100000", "changes kept at least"
    ),
    ServerSetting(
        "change_log_keep_seconds",
        "server.change_log_keep_seconds",
        "STIGMER_CHANGE_LOG_KEEP_SECONDS",
        "3600.0",
        "for which every change is kept",
    ),
    ServerSetting(
        "change_log_max_bytes",
        "server.change_log_max_bytes",
        "STIGMER_CHANGE_LOG_MAX_BYTES",
        "1073741824",
        "that the change log may take",
    ),
    ServerSetting(
        "upkeep_seconds", "server.upkeep_seconds", "STIGMER_UPKEEP_SECONDS", "60.0", "between trims of the change log"
    ),
    ServerSetting(
        "encryption_key",
        "",
        "STIGMER_ENCRYPTION_KEY",
        "",
        "key of secret values; else the file of the home",
        secret=True,
    ),
)
