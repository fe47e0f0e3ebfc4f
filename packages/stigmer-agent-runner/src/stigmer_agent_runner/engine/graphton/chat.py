"""The chat model of an execution, and what its failures mean in words that a user can act on."""

from __future__ import annotations

import openai
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.exceptions import ContextOverflowError
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from stigmer_agent_runner.engine.providers import ModelChoice
from stigmer_agent_runner.engine.retry import is_retryable_status
from stigmer_agent_runner.errors import ModelError

_NO_KEY = "none"
"""Sent to endpoints without keys: the client insists on one."""

_URL_KNOB = "llm.base_url / STIGMER_LLM_BASE_URL"
_MODEL_KNOB = "the model (`provider:model`) of the agent or llm.model / STIGMER_LLM_MODEL"
_KEY_KNOB = "llm.api_key / STIGMER_LLM_API_KEY"
_MAX_DETAIL = 400
_TRANSPORT = ("httpx", "httpx2", "httpcore", "httpcore2", "h11", "ssl", "anyio")


def chat_model(
    choice: ModelChoice, timeout: float, client: openai.DefaultAsyncHttpxClient, callback: AsyncCallbackHandler
) -> ChatOpenAI:
    """Make the model. `timeout`: seconds without a byte. The caller owns `client`. The SDK's own retries are off."""
    return ChatOpenAI(
        model=choice.model,
        base_url=choice.base_url,
        api_key=SecretStr(choice.api_key or _NO_KEY),
        max_retries=0,
        timeout=timeout,
        stream_chunk_timeout=timeout,
        stream_usage=True,
        use_responses_api=False,
        http_async_client=client,
        callbacks=[callback],
    )


def explain(error: Exception, choice: ModelChoice) -> ModelError:
    """Say what went wrong at which endpoint with which model, and which setting mends it."""
    where = f"{choice.provider.name} at {choice.base_url} (model {choice.model!r})"
    detail = _detail(error)
    if isinstance(error, ModelError):
        return error
    if isinstance(error, ContextOverflowError):
        return ModelError(
            f"the conversation is too long for {where}: {detail}. Start a new session or choose a model with a larger"
            f" context: {_MODEL_KNOB}.",
            kind="context_overflow",
        )
    if isinstance(error, openai.APIStatusError):
        return _status_error(error, where, detail)
    if isinstance(error, openai.APIConnectionError | OSError) or type(error).__module__.split(".")[0] in _TRANSPORT:
        return ModelError(
            f"cannot reach {where}: {detail}. Is it running? The endpoint is set by {_URL_KNOB}.",
            kind="model_unreachable",
            retryable=True,
        )
    if isinstance(error, openai.APIError):
        return ModelError(f"{where} failed while it answered: {detail}.", kind="model_failed", retryable=True)
    return ModelError(
        f"{where} did not answer as the OpenAI chat API does: {type(error).__name__}: {detail}."
        f" Does {_URL_KNOB} name the right endpoint, with its version (…/v1)?",
        kind="model_protocol",
    )


def _status_error(error: openai.APIStatusError, where: str, detail: str) -> ModelError:
    status = error.status_code
    if status in {401, 403}:
        text = f"{where} refused the key ({status}): {detail}. Set {_KEY_KNOB}."
        return ModelError(text, kind="model_auth")
    if status == 404:
        text = f"{where} does not know this model or path (404): {detail}. Check {_MODEL_KNOB}, and {_URL_KNOB}."
        return ModelError(text, kind="model_not_found")
    if is_retryable_status(status):
        text = f"{where} is busy or failing ({status}): {detail}. The endpoint is set by {_URL_KNOB}."
        return ModelError(text, kind="model_unavailable", retryable=True, retry_after=_retry_after(error))
    return ModelError(f"{where} refused the request ({status}): {detail}.", kind="model_rejected")


def _retry_after(error: openai.APIStatusError) -> float | None:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None


def _detail(error: BaseException) -> str:
    """The endpoint's own words, else the innermost text: the SDK's is often just "Connection error."."""
    root = error
    while not isinstance(root, openai.APIStatusError) and root.__cause__ is not None and str(root.__cause__).strip():
        root = root.__cause__
    text = " ".join((str(root) or type(root).__name__).split())
    return text if len(text) <= _MAX_DETAIL else f"{text[:_MAX_DETAIL]}…"
