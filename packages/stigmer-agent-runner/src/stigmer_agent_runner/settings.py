"""The settings of the agent runner: flag, then environment, then `$STIGMER_HOME/config.yaml`, then default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import SecretStr, field_validator, model_validator

from stigmer_agent_runner.engine.providers import PROVIDERS, known_providers
from stigmer_agent_runner.errors import SettingsError
from stigmer_api.home_settings import BadSettings, HomeSettings, read_settings, setting
from stigmer_api.sandbox import AUTO
from stigmer_api.sandbox import SETTINGS as SANDBOXES

AFTER_UNTRUSTED = ("ask", "ask-all", "allow")
LOCAL = "local"
_DRIVER = "postgresql+psycopg://"
_POSTGRES = (_DRIVER, "postgresql://", "postgres://")
_LEVELS = ("debug", "info", "warning", "error")


class Settings(HomeSettings):
    """One attribute per setting; its docstring tells the unit, the default and why."""

    server_address: str = setting("", "STIGMER_SERVER_ADDRESS", file="server.address")
    """`host:port` of the API server. Empty: `host` and `port` below, because both usually share one home."""

    server_host: str = setting("127.0.0.1", "STIGMER_HOST", file="server.host")
    """Host that the server binds; used only while `server_address` is empty."""

    server_port: int = setting(7234, "STIGMER_PORT", "GRPC_PORT", file="server.port", ge=1, le=65535)
    """Port that the server binds; used only while `server_address` is empty."""

    token: SecretStr = setting(SecretStr(""), "STIGMER_TOKEN")
    """Bearer token. Empty: the file `token` of the home, which the server makes at its first start."""

    temporal_address: str = setting("", "TEMPORAL_SERVICE_ADDRESS", file="temporal.address")
    """`host:port` of Temporal. Empty: the managed one on 127.0.0.1 and `temporal_port`."""

    temporal_port: int = setting(7233, "STIGMER_TEMPORAL_PORT", file="temporal.port", ge=1, le=65535)
    """Port of the managed Temporal; used only while `temporal_address` is empty."""

    temporal_namespace: str = setting("default", "TEMPORAL_NAMESPACE", file="temporal.namespace", min_length=1)
    """Temporal namespace of all executions."""

    llm_provider: str = setting("", "STIGMER_LLM_PROVIDER", file="llm.provider")
    """Provider for agents that name none. No default: a wrong guess would send text to a place nobody chose."""

    llm_model: str = setting("", "STIGMER_LLM_MODEL", file="llm.model")
    """Model of `llm_provider`. No default, for the same reason."""

    llm_base_url: str = setting("", "STIGMER_LLM_BASE_URL", file="llm.base_url")
    """Base URL of the endpoint, with its version (`http://host:port/v1`). Empty: the provider's own."""

    llm_api_key: SecretStr = setting(SecretStr(""), "STIGMER_LLM_API_KEY", file="llm.api_key")
    """Key for `llm_provider`. Empty: the variable that the provider is known by (OPENAI_API_KEY for openai)."""

    llm_max_attempts: int = setting(5, "STIGMER_LLM_MAX_ATTEMPTS", file="llm.max_attempts", ge=1, le=20)
    """Calls of the model before a turn fails. 5: rides out a restart or a short rate limit, still fails in a minute."""

    llm_retry_seconds: float = setting(0.5, "STIGMER_LLM_RETRY_SECONDS", file="llm.retry_seconds", ge=0, le=60)
    """Seconds before the second attempt; doubles up to 16 times that, with jitter."""

    llm_timeout_seconds: float = setting(300.0, "STIGMER_LLM_TIMEOUT_SECONDS", file="llm.timeout_seconds", gt=0)
    """Seconds without a byte from the model. 300: a local model may load for minutes before its first token."""

    llm_record: str = setting("", "STIGMER_LLM_RECORD", file="llm.record")
    """Name of a recording in `data/recordings` that answers of models are added to. Empty: nothing is recorded."""

    max_steps: int = setting(250, "STIGMER_AGENT_MAX_STEPS", file="agent.max_steps", ge=1, le=100_000)
    """Model turns of one execution before it fails. 250: above honest work, it ends a model that runs in circles."""

    max_concurrency: int = setting(20, "STIGMER_AGENT_MAX_CONCURRENCY", file="agent.max_concurrency", ge=1, le=1000)
    """Executions that run at once in this process; more wait on the task queue."""

    slice_seconds: float = setting(300.0, "STIGMER_AGENT_SLICE_SECONDS", file="agent.slice_seconds", gt=0, le=600)
    """Seconds after which a segment gives its place back at the next safe point."""

    heartbeat_seconds: float = setting(
        15.0, "STIGMER_AGENT_HEARTBEAT_SECONDS", file="agent.heartbeat_seconds", ge=1, le=300
    )
    """Seconds of silence after which Temporal gives a segment to another runner. Beats come five times as often."""

    approval_timeout_seconds: float = setting(
        604_800.0, "STIGMER_AGENT_APPROVAL_TIMEOUT_SECONDS", file="agent.approval_timeout_seconds", ge=0
    )
    """Seconds after which an approval that nobody answered counts as rejected, never as approved. A week: over any
    weekend. 0: it waits for ever."""

    drain_seconds: float = setting(25.0, "STIGMER_AGENT_DRAIN_SECONDS", file="agent.drain_seconds", ge=0, le=300)
    """Seconds that running segments get to reach a safe point after SIGTERM. Below supervisord's stopwaitsecs."""

    mcp_start_seconds: float = setting(30.0, "STIGMER_MCP_START_SECONDS", file="mcp.start_seconds", gt=0, le=60)
    """Seconds for an MCP server to start and list its tools. 30: a first start may download its package."""

    mcp_call_seconds: float = setting(120.0, "STIGMER_MCP_CALL_SECONDS", file="mcp.call_seconds", gt=0, le=3600)
    """Seconds for one call of a tool; timeout_seconds of an HTTP server counts instead."""

    mcp_idle_seconds: float = setting(600.0, "STIGMER_MCP_IDLE_SECONDS", file="mcp.idle_seconds", ge=0)
    """Seconds that a session's MCP servers stay open between two executions."""

    database_url: SecretStr = setting(SecretStr(""), "STIGMER_AGENT_DATABASE_URL", file="agent.database_url")
    """Where sessions remember: `postgresql://…`, or `local` for a file each. Empty: like the server, so that runners on
    many machines share conversations as soon as the server is on Postgres."""

    server_database_url: SecretStr = setting(SecretStr(""), "STIGMER_DATABASE_URL", file="server.database_url")
    """The server's database; looked at only while `database_url` is empty, and used only when it is Postgres."""

    sandbox: str = setting(AUTO, "STIGMER_AGENT_SANDBOX", file="agent.sandbox")
    """auto (bubblewrap, else Landlock, else no shell), bubblewrap, landlock, none, or unsafe: commands without a
    sandbox, as the user who runs the runner. Never unsafe by itself: nobody may lose files to a missing package."""

    command_seconds: float = setting(
        120.0, "STIGMER_AGENT_COMMAND_SECONDS", file="agent.command_seconds", gt=0, le=3600
    )
    """Seconds that a command gets when its caller names none. 120: a build or a test run; a model may ask for five
    times as much."""

    command_memory_mb: int = setting(2048, "STIGMER_AGENT_COMMAND_MEMORY_MB", file="agent.command_memory_mb", ge=16)
    """MiB that a command may hold with everything it started. 2048: compilers fit, and the machine stays usable."""

    command_processes: int = setting(
        256, "STIGMER_AGENT_COMMAND_PROCESSES", file="agent.command_processes", ge=8, le=10_000
    )
    """Processes that a command may have at once. 256: parallel builds fit, and a fork bomb ends in a moment."""

    after_untrusted: str = setting("ask", "STIGMER_AGENT_AFTER_UNTRUSTED", file="agent.after_untrusted")
    """What happens to sensitive calls once a conversation holds text from outside (MCP servers, commands with network):
    ask (commands with network or without sandbox need an approval), ask-all (tools of MCP servers that change things
    too), allow. ask: what a page says must not become what this machine does."""

    prices: dict[str, Any] = setting({}, "STIGMER_AGENT_PRICES", file="agent.prices")
    """Prices of models over those of the package: provider, model (`*`: any), then input, output, cache_read and
    cache_write in US dollars per million tokens. In the environment: as JSON."""

    log_level: str = setting("info", "STIGMER_LOG_LEVEL", file="log_level")
    """debug, info, warning or error. Texts of users and models are never logged."""

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.lower() not in _LEVELS:
            raise ValueError(f"must be one of {', '.join(_LEVELS)}")
        return value.lower()

    @field_validator("sandbox")
    @classmethod
    def _sandbox(cls, value: str) -> str:
        if value not in SANDBOXES:
            raise ValueError(f"must be one of {', '.join(SANDBOXES)}")
        return value

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if text and text != LOCAL and not text.startswith(_POSTGRES):
            raise ValueError(f"must be a postgresql:// address, or `{LOCAL}` for a file per session")
        return value

    @field_validator("after_untrusted")
    @classmethod
    def _after_untrusted(cls, value: str) -> str:
        if value not in AFTER_UNTRUSTED:
            raise ValueError(f"must be one of {', '.join(AFTER_UNTRUSTED)}")
        return value

    @field_validator("llm_provider")
    @classmethod
    def _provider(cls, value: str) -> str:
        if value and value not in PROVIDERS:
            raise ValueError(f"unknown provider {value!r}; known are {known_providers()}")
        return value

    @field_validator("llm_base_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _model_needs_provider(self) -> Settings:
        if self.llm_model and not self.llm_provider:
            raise ValueError(f"llm.model is set without llm.provider; set it to one of {known_providers()}")
        return self

    @property
    def checkpoints_url(self) -> str:
        """The Postgres of the checkpoints, as its driver wants it; empty: a file for each session."""
        own, servers = self.database_url.get_secret_value(), self.server_database_url.get_secret_value()
        url = own or servers
        return url.replace(_DRIVER, "postgresql://", 1) if url.startswith(_POSTGRES) else ""

    @property
    def server_target(self) -> str:
        """`host:port` of the API server in force."""
        return self.server_address or f"{self.server_host}:{self.server_port}"

    @property
    def temporal_target(self) -> str:
        """`host:port` of the Temporal in force."""
        return self.temporal_address or f"127.0.0.1:{self.temporal_port}"


def load_settings(**flags: Any) -> Settings:
    """Return the settings in force; flags that are None count as not given. SettingsError names every bad one."""
    try:
        return read_settings(Settings, flags)
    except BadSettings as error:
        raise SettingsError(str(error)) from error
