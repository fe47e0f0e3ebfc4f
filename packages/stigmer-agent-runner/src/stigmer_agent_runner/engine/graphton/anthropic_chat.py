"""Anthropic's models. Loaded only when one is chosen: the SDK costs most of a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic
from langchain_anthropic import ChatAnthropic
from pydantic import SecretStr

if TYPE_CHECKING:
    import httpx2
    from langchain_core.callbacks import AsyncCallbackHandler

    from stigmer_agent_runner.engine.providers import ModelChoice

__all__ = ["anthropic_model"]

_MOST_TOKENS = 16_384
"""Tokens of one answer; the API wants a number."""


class _Model(ChatAnthropic):
    """The model with an HTTP client that the run owns and closes."""

    _http: Any = None

    def use(self, client: httpx2.AsyncClient) -> ChatAnthropic:
        """Send everything through this client."""
        self._http = client
        return self

    @property
    def _async_client(self) -> anthropic.AsyncClient:
        params = {**self._client_params, "http_client": self._http}
        return anthropic.AsyncClient(**params)


def anthropic_model(
    choice: ModelChoice, timeout: float, client: httpx2.AsyncClient, callback: AsyncCallbackHandler
) -> ChatAnthropic:
    """Make the model. The SDK's own retries are off, so that our budget is the whole budget."""
    return _Model(
        model_name=choice.model,
        base_url=choice.base_url,
        api_key=SecretStr(choice.api_key or "none"),
        max_retries=0,
        timeout=timeout,
        max_tokens_to_sample=_MOST_TOKENS,
        stop=None,
        streaming=True,
        stream_usage=True,
        callbacks=[callback],
    ).use(client)
