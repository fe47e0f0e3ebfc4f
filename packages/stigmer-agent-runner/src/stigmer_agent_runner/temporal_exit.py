"""What goes to Temporal, without the secrets of the runs: payloads, and failures with their stack traces."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from temporalio.converter import DataConverter, DefaultFailureConverter, PayloadCodec, PayloadConverter

from stigmer_agent_runner.redaction import ACTIVE

if TYPE_CHECKING:
    from temporalio.api.common.v1 import Payload
    from temporalio.api.failure.v1 import Failure

__all__ = ["REDACTING"]


class _RedactingFailures(DefaultFailureConverter):
    """Redacts a failure and what caused it."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """See DefaultFailureConverter."""
        super().to_failure(exception, payload_converter, failure)
        part = failure
        while True:
            part.message = ACTIVE.text(part.message)
            part.stack_trace = ACTIVE.text(part.stack_trace)
            if not part.HasField("cause"):
                return
            part = part.cause


class _RedactingPayloads(PayloadCodec):
    """Redacts payloads that are text; reads them as they are."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """See PayloadCodec."""
        return [_redacted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """See PayloadCodec."""
        return list(payloads)


def _redacted(payload: Payload) -> Payload:
    if payload.metadata.get("encoding", b"").startswith(b"json/"):
        text = payload.data.decode("utf-8")
        redacted = ACTIVE.text(text)
        if redacted != text:
            payload.data = redacted.encode()
    return payload


REDACTING = dataclasses.replace(
    DataConverter.default, failure_converter_class=_RedactingFailures, payload_codec=_RedactingPayloads()
)
"""The converter of the runner's connection to Temporal."""
