"""Settings of the workflow runner: environment, then `$STIGMER_HOME/config.yaml`, then the default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stigmer_api.temporal import WORKFLOW_EXECUTION_QUEUE
from stigmer_workflow_runner.activities.guard import DENIED
from stigmer_workflow_runner.errors import RunnerError


class SettingsInvalidError(RunnerError):
    """A setting or the configuration file is wrong; a restart will not mend it."""


def _setting(default: Any, *env: str, config: str = "", **more: Any) -> Any:
    return Field(default=default, validation_alias=AliasChoices(*env), json_schema_extra={"config": config}, **more)


class Settings(BaseSettings):
    """Everything that can be set. Every field can come from the environment; some from config.yaml."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, env_ignore_empty=True)

    home: Path = _setting(Path("~/.stigmer"), "STIGMER_HOME")
    """Directory with config.yaml and the token."""
    server_host: str = _setting("127.0.0.1", "STIGMER_HOST", config="server.host")
    """Host of the API server when no address is given; loopback, because the server binds it by default."""
    server_port: int = _setting(7234, "STIGMER_PORT", "GRPC_PORT", config="server.port")
    """Port of the API server when no address is given."""
    server_address: str = _setting("", "STIGMER_SERVER_ADDRESS", config="server.address")
    """host:port of the API server; empty: made of host and port."""
    temporal_address: str = _setting("", "TEMPORAL_SERVICE_ADDRESS", config="temporal.address")
    """host:port of Temporal; empty: the managed one on 127.0.0.1."""
    temporal_port: int = _setting(7233, "STIGMER_TEMPORAL_PORT", config="temporal.port")
    """Port of the managed Temporal."""
    temporal_namespace: str = _setting("default", "TEMPORAL_NAMESPACE", config="temporal.namespace")
    """Namespace of Temporal; the dev server makes `default`."""
    task_queue: str = _setting(WORKFLOW_EXECUTION_QUEUE, "STIGMER_WORKFLOW_EXECUTION_QUEUE")
    """Task queue to poll. The server starts executions on the default one."""
    token: str = _setting("", "STIGMER_TOKEN", repr=False)
    """Token of the API server; empty: read from the token file, and waited for."""
    log_level: str = _setting("info", "STIGMER_LOG_LEVEL", config="log_level")
    """Least severe level to log: debug, info, warning, error."""
    max_concurrent_activities: int = _setting(
        100, "STIGMER_WORKFLOW_MAX_ACTIVITIES", config="workflow_runner.max_activities", ge=1
    )
    """HTTP calls and server calls at once; they wait for the network, so many fit into one process."""
    max_cached_workflows: int = _setting(500, "STIGMER_WORKFLOW_MAX_CACHED", config="workflow_runner.max_cached", ge=0)
    """Runs kept in memory between their steps; others are replayed from history. 0 replays always."""
    sticky_seconds: float = _setting(
        3.0, "STIGMER_WORKFLOW_STICKY_SECONDS", config="workflow_runner.sticky_seconds", gt=0
    )
    """Seconds that a step waits for the process that has the run in memory; a killed one holds it up that long."""
    drain_seconds: float = _setting(
        10.0, "STIGMER_WORKFLOW_DRAIN_SECONDS", config="workflow_runner.drain_seconds", ge=0
    )
    """Seconds that calls under way get to finish on SIGTERM; supervisord waits longer."""
    max_history_events: int = _setting(
        0, "STIGMER_WORKFLOW_MAX_EVENTS", config="workflow_runner.max_history_events", ge=0
    )
    """Events after which a run continues as new; 0 leaves it to Temporal (about 4,000). For tests."""
    http_host_map: dict[str, str] = _setting({}, "STIGMER_HTTP_HOST_MAP", config="workflow_runner.http_host_map")
    """Replacements of the beginnings of URIs (JSON object), for stand-ins and proxies."""
    http_allow: list[str] = _setting([], "STIGMER_HTTP_ALLOW", config="workflow_runner.http_allow")
    """Hosts that calls may reach (JSON list of names, `*.example.com`, addresses, networks); empty: all not denied."""
    http_deny: list[str] = _setting(list(DENIED), "STIGMER_HTTP_DENY", config="workflow_runner.http_deny")
    """Hosts that calls may not reach, even when they are allowed. Default: the metadata services of clouds."""
    http_max_bytes: int = _setting(
        16 * 1024 * 1024, "STIGMER_HTTP_MAX_BYTES", config="workflow_runner.http_max_bytes", ge=1
    )
    """Bytes of a response body; more is an error. Without claim check Temporal's limit of 2 MiB holds as well."""
    channels: dict[str, str] = _setting(
        {}, "STIGMER_NOTIFICATION_CHANNELS", config="workflow_runner.channels", repr=False
    )
    """URLs that notifications are posted to, by the channel's name (JSON object)."""
    llm_provider: str = _setting("", "STIGMER_LLM_PROVIDER", config="llm.provider")
    """Provider of models that a task names without one."""
    llm_base_url: str = _setting("", "STIGMER_LLM_BASE_URL", config="llm.base_url")
    """An OpenAI-compatible endpoint for all models of tasks; empty: the one that the provider is known by."""
    llm_api_key: str = _setting("", "STIGMER_LLM_API_KEY", "OPENAI_API_KEY", config="llm.api_key", repr=False)
    """Key for that endpoint."""
    claim_check: bool = _setting(
        True, "STIGMER_CLAIM_CHECK", "CLAIMCHECK_ENABLED", config="workflow_runner.claim_check.enabled"
    )
    """Whether large payloads lie in files instead of Temporal's history. Off: what was stored is still read."""
    claim_check_threshold: int = _setting(
        50 * 1024,
        "STIGMER_CLAIM_CHECK_THRESHOLD",
        "CLAIMCHECK_THRESHOLD_BYTES",
        config="workflow_runner.claim_check.threshold",
        ge=4096,
        le=1024 * 1024,
    )
    """Bytes from which a payload lies in a file."""
    claim_check_compression: bool = _setting(
        True,
        "STIGMER_CLAIM_CHECK_COMPRESSION",
        "CLAIMCHECK_COMPRESSION_ENABLED",
        config="workflow_runner.claim_check.compression",
    )
    """Whether such files are compressed (zlib) when that makes them smaller."""
    claim_check_directory: Path | None = _setting(
        None, "STIGMER_CLAIM_CHECK_DIRECTORY", config="workflow_runner.claim_check.directory"
    )
    """Where they lie; empty: data/payloads of the home. Runners on several machines need a shared directory."""
    claim_check_days: float = _setting(
        30.0, "STIGMER_CLAIM_CHECK_DAYS", "CLAIMCHECK_TTL_DAYS", config="workflow_runner.claim_check.days", gt=0
    )
    """Days after the last use that a file is kept; what an open execution refers to is kept longer."""

    files_directory: Path | None = _setting(
        None, "STIGMER_WORKFLOW_FILES_DIRECTORY", config="workflow_runner.files_directory"
    )
    """What file:// URIs in documents reach, and nothing else; empty: files of the home."""
    default_catalog: str = _setting(
        "https://github.com/serverlessworkflow/catalog/tree/main",
        "STIGMER_WORKFLOW_DEFAULT_CATALOG",
        config="workflow_runner.default_catalog",
    )
    """Root of the catalog that documents call `default`: a URL, or file:// below files_directory."""

    mcp_stdio: bool = _setting(True, "STIGMER_WORKFLOW_MCP_STDIO", config="workflow_runner.mcp_stdio")
    """Whether documents may start MCP servers as processes of this machine. They run as the runner's user."""

    run_scripts: bool = _setting(True, "STIGMER_WORKFLOW_SCRIPTS", config="workflow_runner.scripts")
    """Whether documents may run scripts on this machine, as the runner's user and with no sandbox."""
    run_shell: bool = _setting(True, "STIGMER_WORKFLOW_SHELL", config="workflow_runner.shell")
    """Whether documents may run shell commands, likewise."""
    run_containers: bool = _setting(True, "STIGMER_WORKFLOW_CONTAINERS", config="workflow_runner.containers")
    """Whether documents may run containers."""
    run_python: str = _setting("", "STIGMER_WORKFLOW_PYTHON", config="workflow_runner.python")
    """Interpreter of Python scripts; empty: the runner's own."""
    run_node: str = _setting("node", "STIGMER_WORKFLOW_NODE", config="workflow_runner.node")
    """Interpreter of JavaScript scripts."""
    run_container_command: str = _setting(
        "", "STIGMER_WORKFLOW_CONTAINER_COMMAND", config="workflow_runner.container_command"
    )
    """Command line that runs containers; empty: docker, else podman."""

    @property
    def files(self) -> Path:
        """The directory of file:// URIs."""
        return (self.files_directory or self.home / "files").expanduser()

    @property
    def documents(self) -> Path:
        """Where the documents that describe calls are kept by their hash."""
        return (self.home / "data" / "documents").expanduser()

    @property
    def server(self) -> str:
        """host:port of the API server."""
        return self.server_address or f"{self.server_host}:{self.server_port}"

    @property
    def temporal(self) -> str:
        """host:port of Temporal."""
        return self.temporal_address or f"127.0.0.1:{self.temporal_port}"

    @property
    def payload_directory(self) -> Path:
        """Where large payloads lie."""
        return (self.claim_check_directory or self.home / "data" / "payloads").expanduser()

    @property
    def token_file(self) -> Path:
        """Where the token is when it is not in the environment."""
        return self.home.expanduser() / "token"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the file."""
        return (init_settings, env_settings, _HomeFile(settings_cls, init_settings, env_settings))


class _HomeFile(PydanticBaseSettingsSource):
    """config.yaml of the home that the earlier sources name."""

    def __init__(self, settings_cls: type[BaseSettings], *earlier: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        known: dict[str, Any] = {}
        for source in reversed(earlier):
            known.update(source())
        home = known.get("home") or known.get("STIGMER_HOME") or "~/.stigmer"
        self._path = Path(home).expanduser() / "config.yaml"

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not used: `__call__` reads all fields at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """The fields that the file has."""
        if not self._path.is_file():
            return {}
        try:
            content = YAML(typ="safe", pure=True).load(self._path)
        except (YAMLError, OSError) as error:
            raise SettingsInvalidError(f"{self._path} cannot be read: {error}") from error
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            extra = field.json_schema_extra
            path = str(extra.get("config") or "") if isinstance(extra, dict) else ""
            value = content
            for key in path.split(".") if path else ():
                value = value.get(key) if isinstance(value, dict) else None
            if path and value is not None:
                found[name] = value
        return found
