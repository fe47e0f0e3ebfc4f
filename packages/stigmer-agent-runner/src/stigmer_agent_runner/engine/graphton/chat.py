"""The chat model of an execution, and what its failures mean in words that a user can act on."""

from __future__ import annotations

import contextlib
import importlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import openai
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import BaseChatModel
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
_IS_RIGHT = f"Does {_URL_KNOB} name the right endpoint, with its version (…/v1)?"
_MAX_DETAIL = 400
_NOTHING = "No generation"
"""In what LangChain raises for a stream that ends before its first chunk."""

_SDKS = ("openai", "anthropic")
_TOO_LONG = (
    "context_length_exceeded",
    "maximum context length",
    "context window",
    "available context size",
    "prompt is too long",
    "too many tokens",
)
_TRANSPORT = ("httpx", "httpx2", "httpcore", "httpcore2", "h11", "ssl", "anyio")


def chat_model(
    choice: ModelChoice, timeout: float, client: openai.DefaultAsyncHttpxClient, callback: AsyncCallbackHandler
) -> BaseChatModel:
    """Make the model. `timeout`: seconds without a byte. The caller owns `client`. The SDK's own retries are off.

    Raises ModelError when a package is missing.
    """
    if choice.provider.api == "anthropic":
        return _anthropic(choice, timeout, client, callback)
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


def _anthropic(
    choice: ModelChoice, timeout: float, client: openai.DefaultAsyncHttpxClient, callback: AsyncCallbackHandler
) -> BaseChatModel:
    try:
        module = importlib.import_module("stigmer_agent_runner.engine.graphton.anthropic_chat")
    except ImportError as error:
        text = "the provider anthropic needs a package: pip install 'stigmer-agent-runner[anthropic]'"
        raise ModelError(text, kind="provider_not_installed") from error
    model: BaseChatModel = module.anthropic_model(choice, timeout, client, callback)
    return model


def place_of(choice: ModelChoice) -> str:
    """How messages name a model and where it is."""
    return f"{choice.provider.name} at {choice.base_url} (model {choice.model!r})"


def explain(error: Exception, choice: ModelChoice) -> ModelError:
    """Say what went wrong at which endpoint with which model, and which setting mends it."""
    where = place_of(choice)
    own = _own(error)
    if own is not None:
        return own
    detail = _detail(error)
    if isinstance(error, ContextOverflowError):
        return ModelError(
            f"the conversation is too long for {where}: {detail}. Start a new session or choose a model with a larger"
            f" context: {_MODEL_KNOB}.",
            kind="context_overflow",
        )
    if _is_of_sdk(error, "APIStatusError"):
        return _status_error(error, where, detail)
    if (
        _is_of_sdk(error, "APIConnectionError")
        or isinstance(error, OSError)
        or type(error).__module__.split(".")[0] in _TRANSPORT
    ):
        return ModelError(
            f"cannot reach {where}: {detail}. Is it running? The endpoint is set by {_URL_KNOB}.",
            kind="model_unreachable",
            retryable=True,
        )
    nothing = isinstance(error, ValueError) and _NOTHING in str(error)
    if nothing or _is_of_sdk(error, "APIError"):
        said = f"ended its answer without a word. {_IS_RIGHT}" if nothing else f"failed while it answered: {detail}."
        return ModelError(f"{where} {said}", kind="model_failed", retryable=True)
    return ModelError(
        f"{where} did not answer as the OpenAI chat API does: {type(error).__name__}: {detail}. {_IS_RIGHT}",
        kind="model_protocol",
    )


async def refuse_page(response: Any) -> None:
    """Hook of an HTTP client: a web page is no answer of a model, and will be none when it is asked for again.

    The SDKs would take it for an empty stream, which may pass.
    """
    kind = str(response.headers.get("content-type", ""))
    if response.is_success and kind.startswith("text/html"):
        said = f"{response.url} did not answer as the OpenAI chat API does: it sent a web page ({kind}). {_IS_RIGHT}"
        raise ModelError(said, kind="model_protocol")


def is_of_endpoint(error: BaseException) -> bool:
    """Whether an endpoint raised this, or what stands between it and us."""
    return isinstance(error, ContextOverflowError) or _is_of_sdk(error, "APIError")


def is_too_long(error: BaseException) -> bool:
    """Whether an endpoint refuses a conversation for its length, in the words of any of the known servers."""
    if not _is_of_sdk(error, "APIStatusError") or getattr(error, "status_code", 0) not in {400, 413, 422}:
        return False
    text = f"{getattr(error, 'body', '')} {error}".lower()
    return any(words in text for words in _TOO_LONG)


def _own(error: BaseException | None) -> ModelError | None:
    """Our own error, when the SDK has wrapped one that came from below it."""
    while error is not None and not isinstance(error, ModelError):
        error = error.__cause__
    return error


def _is_of_sdk(error: BaseException, name: str) -> bool:
    """Whether an error is of a class of this name in one of the SDKs, which are made alike."""
    return any(one.__name__ == name and one.__module__.split(".")[0] in _SDKS for one in type(error).__mro__)


def _status_error(error: Any, where: str, detail: str) -> ModelError:
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


def _retry_after(error: Any) -> float | None:
    """The seconds that an endpoint asks to wait: in milliseconds, in seconds or as the time to come again."""
    headers = error.response.headers
    with contextlib.suppress(ValueError):
        return max(0.0, float(headers.get("retry-after-ms", "")) / 1000)
    asked = headers.get("retry-after", "")
    with contextlib.suppress(ValueError):
        return max(0.0, float(asked))
    with contextlib.suppress(ValueError):
        at = parsedate_to_datetime(asked)
        return max(0.0, (at - datetime.now(at.tzinfo or UTC)).total_seconds())
    return None


def _detail(error: BaseException) -> str:
    """The endpoint's own words, else the innermost text: the SDK's is often just "Connection error."."""
    root = error
    while not _is_of_sdk(root, "APIStatusError") and root.__cause__ is not None and str(root.__cause__).strip():
        root = root.__cause__
    text = " ".join((str(root) or type(root).__name__).split())
    return text if len(text) <= _MAX_DETAIL else f"{text[:_MAX_DETAIL]}…"
