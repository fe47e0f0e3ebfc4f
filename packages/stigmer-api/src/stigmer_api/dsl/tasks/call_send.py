"""`call: signal` tells a running execution something, `call: notify` people. Ours: uploaded tasks have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader

_SIGNAL: Final = ("execution", "signal", "payload")
_NOTIFY: Final = ("channel", "recipients", "subject", "body", "metadata")


@dataclass(frozen=True, slots=True)
class SignalCall:
    """`payload` gives an object; without it the signal brings the task's input, when that is an object."""

    execution: Template
    signal: Template
    payload: Template | None = None


@dataclass(frozen=True, slots=True)
class NotifyCall:
    """`channel` is a name of the runner's settings."""

    channel: Template
    body: Template
    recipients: Template
    subject: Template
    metadata: Template


def read_signal_call(reader: Reader, value: Json, pointer: str) -> SignalCall:
    """Compile `with` of `call: signal`."""
    found = reader.fields(value, pointer, _SIGNAL, required=("execution", "signal"))

    def text(key: str) -> Template:
        place = child(pointer, key)
        return reader.template(reader.text(found[key], place) if key in found else "", place)

    return SignalCall(text("execution"), text("signal"), reader.optional(found, "payload", pointer, reader.template))


def read_notify_call(reader: Reader, value: Json, pointer: str) -> NotifyCall:
    """Compile `with` of `call: notify`."""
    found = reader.fields(value, pointer, _NOTIFY, required=("channel", "body"))

    def part(key: str, otherwise: Json) -> Template:
        return reader.template(found.get(key, otherwise), child(pointer, key))

    return NotifyCall(
        part("channel", ""), part("body", ""), part("recipients", []), part("subject", ""), part("metadata", {})
    )
