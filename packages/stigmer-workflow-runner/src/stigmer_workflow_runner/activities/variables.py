"""The variables and secrets of an execution, read from the API server when a call needs them, and kept nowhere else."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.errors import ApiError
from stigmer_api.messages import message_class
from stigmer_workflow_runner.activities.failures import failure, server_errors
from stigmer_workflow_runner.errors import error_object

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

_INPUT: Final = "ai.stigmer.agentic.executioncontext.v1.ExecutionContextExecutionIdInput"
KEPT_SECONDS: Final = 20.0
KEPT_EXECUTIONS: Final = 256


@dataclass(frozen=True, slots=True)
class Variables:
    """`texts` has every variable by name; `hidden` are the names of those that the server marks as secret."""

    texts: Mapping[str, str]
    hidden: frozenset[str] = frozenset()

    def secret(self, name: str) -> Json:
        """What `$secrets.<name>` is: JSON text of an object or a list as such, else text. Raises a failure."""
        if name not in self.texts:
            raise failure(error_object("authorization", missing([name], [])))
        return _structured(self.texts[name])

    def secrets(self) -> dict[str, Json]:
        """All of them as `$secrets` shows them."""
        return {name: _structured(text) for name, text in self.texts.items()}


NONE: Final = Variables({})


class VariableSource:
    """Reads them, and keeps those of the last executions in memory for some seconds."""

    def __init__(self, client: AsyncClient | None) -> None:
        self._client = client
        self._kept: OrderedDict[str, tuple[float, Variables]] = OrderedDict()

    async def of(self, execution_id: str) -> Variables:
        """The variables of an execution; one without any has none."""
        if self._client is None:
            return NONE
        kept = self._kept.get(execution_id)
        if kept is not None and time.monotonic() - kept[0] < KEPT_SECONDS:
            return kept[1]
        found = await read_variables(self._client, execution_id)
        self._kept[execution_id] = (time.monotonic(), found)
        self._kept.move_to_end(execution_id)
        while len(self._kept) > KEPT_EXECUTIONS:
            self._kept.popitem(last=False)
        return found


async def read_variables(client: AsyncClient, execution_id: str) -> Variables:
    """The variables of an execution as the server has them now."""
    request: Any = message_class(_INPUT)(execution_id=execution_id)
    with server_errors(f"reading the variables of {execution_id}"):
        try:
            context: Any = await client.call("execution_context", "getByExecutionId", request)
        except ApiError as error:
            if error.code == "NOT_FOUND":
                return NONE
            raise
    data = context.spec.data
    hidden = frozenset(name for name, found in data.items() if found.is_secret)
    return Variables({name: found.value for name, found in data.items()}, hidden)


def missing(secrets: list[str], variables: list[str]) -> str:
    """What is missing, and where it can be set."""
    kinds = (("secret", secrets), ("variable", variables))
    parts = [f"{what} {', '.join(map(repr, names))}" for what, names in kinds if names]
    return (
        f"the execution has no value for the {' and the '.join(parts)}: set it in an environment of the workflow's "
        "instance, or in spec.runtime_env of the execution"
    )


def _structured(text: str) -> Json:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
