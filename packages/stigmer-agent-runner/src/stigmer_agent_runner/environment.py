"""The variables of an execution: read just in time from its ExecutionContext, handed only to who declares them.

The server decides which value wins (docs/server.md: agent's declarations, environments in order, runtime_env) and keeps
secrets sealed; this module reads the result inside an activity. Values must never enter Temporal, a prompt, a status, a
log or a checkpoint: `Value` hides its text in every repr, and `stigmer_agent_runner.redaction` guards the exits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from stigmer_agent_runner.errors import ResolveError

if TYPE_CHECKING:
    from stigmer_agent_runner.server import Server
    from stigmer_api._pb.ai.stigmer.agentic.environment.v1.io_pb2 import EnvVarDeclaration

__all__ = ["EMPTY", "Environment", "Value", "load_environment"]


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a variable; it never shows in a repr."""

    text: str = field(repr=False)
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """All variables of one execution by name, whoever declares them: MCP servers, the agent, or nobody."""

    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, declared: Iterable[str]) -> dict[str, str]:
        """Return the texts of the declared names that have a value: what a process of theirs gets as environment."""
        return {name: self.values[name].text for name in declared if name in self.values}

    def require(self, owner: str, declared: Mapping[str, EnvVarDeclaration]) -> None:
        """Raise ResolveError, kind `variable_missing`, with all names at once that `owner` needs and nobody gave.

        The server checks the same before it stores an execution; this holds for executions that came another way.
        """
        missing = [
            f"{name} ({item.description})" if item.description else name
            for name, item in sorted(declared.items())
            if not item.optional and not (name in self.values and self.values[name].text)
        ]
        if missing:
            raise ResolveError(
                f"{owner} needs variables that have no value: {', '.join(missing)}. Give them in runtime_env of the"
                " execution, or in an environment that the agent instance refers to (spec.environment_refs).",
                kind="variable_missing",
            )

    @property
    def secrets(self) -> dict[str, str]:
        """Texts of the secret variables by name, for redaction and nothing else."""
        return {name: value.text for name, value in self.values.items() if value.is_secret and value.text}


EMPTY = Environment()


async def load_environment(execution_id: str, server: Server) -> Environment:
    """Read the variables of an execution; none when it has no ExecutionContext. Raises ApiError."""
    context = await server.execution_context(execution_id)
    if context is None:
        return EMPTY
    found = {name: Value(item.value, item.is_secret) for name, item in sorted(context.spec.data.items())}
    return Environment(MappingProxyType(found))
