"""`call: asyncapi`: publishes a message to a channel, or consumes messages from one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.authentication import Authentication, read_authentication
from stigmer_api.dsl.endpoints import Endpoint, read_resource
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template, is_expression
from stigmer_api.dsl.model import Duration
from stigmer_api.dsl.problems import child, listed, shortened
from stigmer_api.dsl.reader import NOT_YET, Reader
from stigmer_api.dsl.tasks.listen import Foreach, read_foreach

PROTOCOLS: Final = ("http", "ws", "memory")
"""What the runner speaks; `memory` is ours: a bus inside one runner."""
OTHER_PROTOCOLS: Final = (
    "amqp", "amqp1", "anypointmq", "googlepubsub", "ibmmq", "jms", "kafka", "mercure", "mqtt", "mqtt5", "nats",
    "pulsar", "redis", "sns", "solace", "sqs", "stomp",
)  # fmt: skip
_KEYS: Final = (
    "document", "channel", "operation", "server", "protocol", "message", "subscription", "authentication",
)  # fmt: skip
_NOTHING: Final = Template({})


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is consumed, and until when: `amount` messages, while `condition` holds, `until`, for a `duration`.

    `filter` is evaluated on a message, `condition` and `until` on the list of what was consumed so far.
    """

    filter: Expression | None = None
    amount: Template | None = None
    condition: Expression | None = None
    until: Expression | None = None
    duration: Duration | None = None
    foreach: Foreach | None = None


@dataclass(frozen=True, slots=True)
class AsyncApiCall:
    """The call. Without `subscription` it publishes `payload` with `headers`."""

    document: Endpoint
    operation: Template | None
    channel: Template | None
    server: str | None = None
    variables: Template = _NOTHING
    protocol: str | None = None
    payload: Template = _NOTHING
    headers: Template = _NOTHING
    subscription: Subscription | None = None
    authentication: Authentication | None = None

    @property
    def label(self) -> str:
        """The operation or channel as it is written."""
        named = self.operation or self.channel
        return "" if named is None else str(named.value)


def read_asyncapi_call(reader: Reader, value: Json, pointer: str) -> AsyncApiCall | None:
    """Compile `with`."""
    fields = reader.fields(value, pointer, _KEYS, required=("document",))
    for one, other in (("operation", "channel"), ("message", "subscription")):
        if (one in fields) == (other in fields):
            reader.problem(pointer, f"needs exactly one of {one}, {other}")
    if "document" not in fields:
        return None

    def text(found: Json, place: str) -> Template:
        return reader.template(reader.text(found, place), place)

    place = child(pointer, "server")
    server = reader.fields(fields["server"], place, ("name", "variables"), ("name",)) if "server" in fields else {}
    message_place = child(pointer, "message")
    message = reader.fields(fields["message"], message_place, ("payload", "headers")) if "message" in fields else {}
    return AsyncApiCall(
        document=read_resource(reader, fields["document"], child(pointer, "document")),
        operation=reader.optional(fields, "operation", pointer, text),
        channel=reader.optional(fields, "channel", pointer, text),
        server=reader.optional(server, "name", place, reader.text),
        variables=reader.outbound(server.get("variables", {}), child(place, "variables")),
        protocol=reader.optional(fields, "protocol", pointer, lambda v, p: _read_protocol(reader, v, p)),
        payload=reader.outbound(message.get("payload", {}), child(message_place, "payload")),
        headers=reader.outbound(message.get("headers", {}), child(message_place, "headers")),
        subscription=reader.optional(fields, "subscription", pointer, lambda v, p: _read_subscription(reader, v, p)),
        authentication=reader.optional(
            fields, "authentication", pointer, lambda v, p: read_authentication(reader, v, p)
        ),
    )


def _read_protocol(reader: Reader, value: Json, pointer: str) -> str:
    if value in OTHER_PROTOCOLS:
        reader.problem(pointer, f"the protocol {value!r} {NOT_YET}: use {listed(PROTOCOLS)}")
    elif value not in PROTOCOLS:
        reader.problem(pointer, f"must be one of {listed(PROTOCOLS)}, not {shortened(str(value))!r}")
    return str(value)


def _read_subscription(reader: Reader, value: Json, pointer: str) -> Subscription:
    fields = reader.fields(value, pointer, ("filter", "consume", "foreach"), required=("consume",))
    place = child(pointer, "consume")
    consume: Mapping[str, Json] = {}
    if "consume" in fields:
        consume = reader.fields(fields["consume"], place, ("for", "amount", "while", "until"))
        if sum(key in consume for key in ("amount", "while", "until")) != 1:
            reader.problem(place, "needs exactly one of amount, while, until")
    return Subscription(
        filter=reader.optional(fields, "filter", pointer, reader.expression),
        amount=reader.optional(consume, "amount", place, lambda v, p: _read_amount(reader, v, p)),
        condition=reader.optional(consume, "while", place, reader.expression),
        until=reader.optional(consume, "until", place, reader.expression),
        duration=reader.optional(consume, "for", place, reader.duration),
        foreach=reader.optional(fields, "foreach", pointer, lambda v, p: read_foreach(reader, v, p)),
    )


def _read_amount(reader: Reader, value: Json, pointer: str) -> Template:
    if isinstance(value, str) and is_expression(value):
        return reader.template(value, pointer)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        reader.problem(pointer, "must be a whole number from 1")
    return Template(value)
