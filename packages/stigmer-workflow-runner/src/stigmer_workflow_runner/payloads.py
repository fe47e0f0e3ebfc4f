"""How values become Temporal payloads: as the SDK does it, but with keys in their order.

The SDK sorts keys. A JSON object would then change between two runs of one execution, or on its way through an
activity, and jq shows the order (`to_entries`, `.[]`).
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

from stigmer_workflow_runner.json_text import to_text


class _OrderedJson(JSONPlainPayloadConverter):
    """json/plain with keys as they are."""

    def to_payload(self, value: Any) -> Payload | None:
        """One payload."""
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = dataclasses.asdict(value)
        try:
            data = to_text(value).encode()
        except TypeError:  # something of the SDK's own that only its encoder knows
            data = json.dumps(value, cls=self._encoder, separators=(",", ":")).encode()
        return Payload(metadata={"encoding": b"json/plain"}, data=data)


class OrderedPayloadConverter(CompositePayloadConverter):
    """The SDK's converters with ours for JSON."""

    def __init__(self) -> None:
        standard = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(*(_OrderedJson() if type(c) is JSONPlainPayloadConverter else c for c in standard))


DATA_CONVERTER = dataclasses.replace(DataConverter.default, payload_converter_class=OrderedPayloadConverter)
