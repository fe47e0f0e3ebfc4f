"""Settings of the workflow runner: environment, then `$STIGMER_HOME/config.yaml`, then the default."""

from __future__ import annotations

from pathlib import Path

from stigmer_api.home_settings import BadSettings, HomeSettings, read_settings, setting
from stigmer_api.temporal import WORKFLOW_EXECUTION_QUEUE
from stigmer_workflow_runner.activities.guard import DENIED
from stigmer_workflow_runner.errors import RunnerError


class SettingsInvalidError(RunnerError):
    """A setting or the configuration file is wrong; a restart will not mend it."""


class Settings(HomeSettings):
    """Everything that can be set. Every field can come from the environment; some from config.yaml."""

    server_host: str = setting("127.0.0.1", "STIGMER_HOST", file="server.host")
    """Host of the API server when no address is given; loopback, because the server binds it by default."""
    server_port: int = setting(7234, "STIGMER_PORT", "GRPC_PORT", file="server.port")
    """Port of the API server when no address is given."""
    server_address: str = setting("", "STIGMER_SERVER_ADDRESS", file="server.address")
    """host:port of the API server; empty: made of host and port."""
    temporal_address: str = setting("", "TEMPORAL_SERVICE_ADDRESS", file="temporal.address")
    """host:port of Temporal; empty: the managed one on 127.0.0.1."""
    temporal_port: int = setting(7233, "STIGMER_TEMPORAL_PORT", file="temporal.port")
    """Port of the managed Temporal."""
    temporal_namespace: str = setting("default", "TEMPORAL_NAMESPACE", file="temporal.namespace")
    """Namespace of Temporal; the dev server makes `default`."""
    task_queue: str = setting(WORKFLOW_EXECUTION_QUEUE, "STIGMER_WORKFLOW_EXECUTION_QUEUE")
    """Task queue to poll. The server starts executions on the default one."""
    token: str = setting("", "STIGMER_TOKEN", repr=False)
    """Token of the API server; empty: read from the token file, and waited for."""
    log_level: str = setting("info", "STIGMER_LOG_LEVEL", file="log_level")
    """Least severe level to log: debug, info, warning, error."""
    max_concurrent_activities: int = setting(
        100, "STIGMER_WORKFLOW_MAX_ACTIVITIES", file="workflow_runner.max_activities", ge=1
    )
    """HTTP calls and server calls at once; they wait for the network, so many fit into one process."""
    max_cached_workflows: int = setting(500, "STIGMER_WORKFLOW_MAX_CACHED", file="workflow_runner.max_cached", ge=0)
    """Runs kept in memory between their steps; others are replayed from history. 0 replays always."""
    sticky_seconds: float = setting(3.0, "STIGMER_WORKFLOW_STICKY_SECONDS", file="workflow_runner.sticky_seconds", gt=0)
    """Seconds that a step waits for the process that has the run in memory; a killed one holds it up that long."""
    drain_seconds: float = setting(10.0, "STIGMER_WORKFLOW_DRAIN_SECONDS", file="workflow_runner.drain_seconds", ge=0)
    """Seconds that calls under way get to finish on SIGTERM; supervisord waits longer."""
    max_history_events: int = setting(0, "STIGMER_WORKFLOW_MAX_EVENTS", file="workflow_runner.max_history_events", ge=0)
    """Events after which a run continues as new; 0 leaves it to Temporal (about 4,000). For tests."""
    http_host_map: dict[str, str] = setting({}, "STIGMER_HTTP_HOST_MAP", file="workflow_runner.http_host_map")
    """Replacements of the beginnings of URIs (JSON object), for stand-ins and proxies."""
    http_allow: list[str] = setting([], "STIGMER_HTTP_ALLOW", file="workflow_runner.http_allow")
    """Hosts that calls may reach (JSON list of names, `*.example.com`, addresses, networks); empty: all not denied."""
    http_deny: list[str] = setting(list(DENIED), "STIGMER_HTTP_DENY", file="workflow_runner.http_deny")
    """Hosts that calls may not reach, even when they are allowed. Default: the metadata services of clouds."""
    http_max_bytes: int = setting(
        16 * 1024 * 1024, "STIGMER_HTTP_MAX_BYTES", file="workflow_runner.http_max_bytes", ge=1
    )
    """Bytes of a response body; more is an error. Without claim check Temporal's limit of 2 MiB holds as well."""
    channels: dict[str, str] = setting({}, "STIGMER_NOTIFICATION_CHANNELS", file="workflow_runner.channels", repr=False)
    """URLs that notifications are posted to, by the channel's name (JSON object)."""
    llm_provider: str = setting("", "STIGMER_LLM_PROVIDER", file="llm.provider")
    """Provider of models that a task names without one."""
    llm_base_url: str = setting("", "STIGMER_LLM_BASE_URL", file="llm.base_url")
    """An OpenAI-compatible endpoint for all models of tasks; empty: the one that the provider is known by."""
    llm_api_key: str = setting("", "STIGMER_LLM_API_KEY", "OPENAI_API_KEY", file="llm.api_key", repr=False)
    """Key for that endpoint."""
    claim_check: bool = setting(
        True, "STIGMER_CLAIM_CHECK", "CLAIMCHECK_ENABLED", file="workflow_runner.claim_check.enabled"
    )
    """Whether large payloads lie in files instead of Temporal's history. Off: what was stored is still read."""
    claim_check_threshold: int = setting(
        50 * 1024,
        "STIGMER_CLAIM_CHECK_THRESHOLD",
        "CLAIMCHECK_THRESHOLD_BYTES",
        file="workflow_runner.claim_check.threshold",
        ge=4096,
        le=1024 * 1024,
    )
    """Bytes from which a payload lies in a file."""
    claim_check_compression: bool = setting(
        True,
        "STIGMER_CLAIM_CHECK_COMPRESSION",
        "CLAIMCHECK_COMPRESSION_ENABLED",
        file="workflow_runner.claim_check.compression",
    )
    """Whether such files are compressed (zlib) when that makes them smaller."""
    claim_check_directory: Path | None = setting(
        None, "STIGMER_CLAIM_CHECK_DIRECTORY", file="workflow_runner.claim_check.directory"
    )
    """Where they lie; empty: data/payloads of the home. Runners on several machines need a shared directory."""
    claim_check_days: float = setting(
        30.0, "STIGMER_CLAIM_CHECK_DAYS", "CLAIMCHECK_TTL_DAYS", file="workflow_runner.claim_check.days", gt=0
    )
    """Days after the last use that a file is kept; what an open execution refers to is kept longer."""

    files_directory: Path | None = setting(
        None, "STIGMER_WORKFLOW_FILES_DIRECTORY", file="workflow_runner.files_directory"
    )
    """What file:// URIs in documents reach, and nothing else; empty: files of the home."""
    default_catalog: str = setting(
        "https://github.com/serverlessworkflow/catalog/tree/main",
        "STIGMER_WORKFLOW_DEFAULT_CATALOG",
        file="workflow_runner.default_catalog",
    )
    """Root of the catalog that documents call `default`: a URL, or file:// below files_directory."""

    mcp_stdio: bool = setting(True, "STIGMER_WORKFLOW_MCP_STDIO", file="workflow_runner.mcp_stdio")
    """Whether documents may start MCP servers as processes of this machine. They run as the runner's user."""

    run_scripts: bool = setting(True, "STIGMER_WORKFLOW_SCRIPTS", file="workflow_runner.scripts")
    """Whether documents may run scripts on this machine, as the runner's user and with no sandbox."""
    run_shell: bool = setting(True, "STIGMER_WORKFLOW_SHELL", file="workflow_runner.shell")
    """Whether documents may run shell commands, likewise."""
    run_containers: bool = setting(True, "STIGMER_WORKFLOW_CONTAINERS", file="workflow_runner.containers")
    """Whether documents may run containers."""
    run_python: str = setting("", "STIGMER_WORKFLOW_PYTHON", file="workflow_runner.python")
    """Interpreter of Python scripts; empty: the runner's own."""
    run_node: str = setting("node", "STIGMER_WORKFLOW_NODE", file="workflow_runner.node")
    """Interpreter of JavaScript scripts."""
    run_container_command: str = setting(
        "", "STIGMER_WORKFLOW_CONTAINER_COMMAND", file="workflow_runner.container_command"
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


def load_settings() -> Settings:
    """The settings in force. Raises SettingsInvalidError naming each bad one."""
    try:
        return read_settings(Settings, {})
    except BadSettings as error:
        raise SettingsInvalidError(str(error)) from error
