"""The kind table: every kind of resource, once.

A new kind is a folder of proto files and one row here; storage, RPCs, the command line and validation follow.
Message classes load on first use, because the command line must answer `--help` without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.message import Message

API_VERSION = "agentic.stigmer.ai/v1"
DEFAULT_ORG = "local"


@dataclass(frozen=True, slots=True, eq=False)  # there is one of each: hashing all fields is work for nothing
class Kind:
    """One kind of resource.

    name: as written in manifests ("AgentExecution"); key: as stored and as the wire enum says ("agent_execution");
    plural: as typed on the command line; number: of the wire enum; id_prefix: of resource ids.
    """

    name: str
    key: str
    plural: str
    number: int
    id_prefix: str
    aliases: tuple[str, ...] = ()
    versioned: bool = False

    @property
    def package(self) -> str:
        """Proto package, for example "ai.stigmer.agentic.agentexecution.v1"."""
        return f"ai.stigmer.agentic.{self.name.lower()}.v1"

    @property
    def full_name(self) -> str:
        """Full name of the resource message."""
        return f"{self.package}.{self.name}"

    @property
    def command_service(self) -> str:
        """Full name of the service that changes resources of this kind."""
        return f"{self.package}.{self.name}CommandController"

    @property
    def query_service(self) -> str:
        """Full name of the service that reads resources of this kind."""
        return f"{self.package}.{self.name}QueryController"

    @property
    def message(self) -> type[Message]:
        """Class of the resource message."""
        found = _classes.get(self)
        if found is None:
            from stigmer_api.messages import message_class  # noqa: PLC0415 - see the module docstring

            found = _classes[self] = message_class(self.full_name)
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """Every word that names this kind on a command line, in lower case."""
        return tuple(dict.fromkeys((self.name.lower(), self.plural, self.key, *self.aliases)))


KINDS: tuple[Kind, ...] = (
    Kind("Agent", "agent", "agents", 40, "agt", ("ag",)),
    Kind("AgentExecution", "agent_execution", "agentexecutions", 41, "aex", ("aex", "agent-execution")),
    Kind("Session", "session", "sessions", 42, "ses", ("ses",)),
    Kind("Skill", "skill", "skills", 43, "skl", ("skl",), versioned=True),
    Kind("McpServer", "mcp_server", "mcpservers", 44, "mcp", ("mcp", "mcp-server")),
    Kind("AgentInstance", "agent_instance", "agentinstances", 45, "ain", ("ain", "agent-instance")),
    Kind("Workflow", "workflow", "workflows", 50, "wfl", ("wf",), versioned=True),
    Kind("WorkflowInstance", "workflow_instance", "workflowinstances", 51, "win", ("win", "workflow-instance")),
    Kind("WorkflowExecution", "workflow_execution", "workflowexecutions", 52, "wex", ("wex", "workflow-execution")),
    Kind("Environment", "environment", "environments", 53, "env", ("env",)),
    Kind("ExecutionContext", "execution_context", "executioncontexts", 54, "ectx", ("ectx", "execution-context")),
    Kind("Artifact", "artifact", "artifacts", 55, "art", ("art",)),
    Kind("Schedule", "schedule", "schedules", 56, "sch", ("sch",)),
    Kind("Memory", "memory", "memories", 57, "mem", ("mem",)),
)

_classes: dict[Kind, type[Message]] = {}
_BY_KEY = {kind.key: kind for kind in KINDS}
_BY_NAME = {kind.name: kind for kind in KINDS}
_BY_NUMBER = {kind.number: kind for kind in KINDS}
_BY_ALIAS = {alias: kind for kind in KINDS for alias in kind.names}
_BY_PREFIX = {kind.id_prefix: kind for kind in KINDS}


def kind_by_key(key: str) -> Kind:
    """Return the kind stored as `key`; KeyError if there is none."""
    return _BY_KEY[key]


def kind_by_name(name: str) -> Kind:
    """Return the kind that a manifest calls `name` (exact case); KeyError if there is none."""
    return _BY_NAME[name]


def kind_by_number(number: int) -> Kind:
    """Return the kind with this number of the wire enum; KeyError if there is none."""
    return _BY_NUMBER[number]


def kind_by_alias(word: str) -> Kind:
    """Return the kind that a command line names by `word` in any case; KeyError if there is none."""
    return _BY_ALIAS[word.lower()]


def kind_of_id(resource_id: str) -> Kind | None:
    """Return the kind that the prefix of a resource id names, or None when it names none."""
    return _BY_PREFIX.get(resource_id.partition("-")[0])
