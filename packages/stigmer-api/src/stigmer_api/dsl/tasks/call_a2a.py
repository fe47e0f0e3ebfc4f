"""`call: a2a`: one method of an agent that speaks the Agent2Agent protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.authentication import Authentication
from stigmer_api.dsl.endpoints import Endpoint, read_endpoint, read_resource
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader

METHODS: Final = (
    "message/send", "message/stream", "tasks/get", "tasks/list", "tasks/cancel", "tasks/resubscribe",
    "tasks/pushNotificationConfig/set", "tasks/pushNotificationConfig/get", "tasks/pushNotificationConfig/list",
    "tasks/pushNotificationConfig/delete", "agent/getAuthenticatedExtendedCard",
)  # fmt: skip
_KEYS: Final = ("agentCard", "server", "method", "parameters")


@dataclass(frozen=True, slots=True)
class A2aCall:
    """The call: to `server`, or to the address that the agent's `card` names."""

    method: str
    parameters: Template | None
    server: Endpoint | None = None
    card: Endpoint | None = None

    @property
    def authentication(self) -> Authentication | None:
        """The policy of the endpoint."""
        endpoint = self.server or self.card
        return None if endpoint is None else endpoint.authentication


def read_a2a_call(reader: Reader, value: Json, pointer: str) -> A2aCall | None:
    """Compile `with`."""
    fields = reader.fields(value, pointer, _KEYS, required=("method",))
    if "method" not in fields:
        return None
    method = reader.text(fields["method"], child(pointer, "method"))
    if method and method not in METHODS:
        reader.problem(child(pointer, "method"), f"must be one of {', '.join(METHODS)}")
    if ("agentCard" in fields) == ("server" in fields):
        reader.problem(pointer, "needs exactly one of agentCard, server")
    return A2aCall(
        method=method,
        parameters=reader.optional(fields, "parameters", pointer, reader.outbound),
        server=reader.optional(fields, "server", pointer, lambda v, p: read_endpoint(reader, v, p)),
        card=reader.optional(fields, "agentCard", pointer, lambda v, p: read_resource(reader, v, p)),
    )
