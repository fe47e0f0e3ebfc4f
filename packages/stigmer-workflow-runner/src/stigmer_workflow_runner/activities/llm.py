"""One question to a model, over the chat completions that OpenAI began and many servers speak."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.web import Request, Web, communication
from stigmer_workflow_runner.activities.world import Opened, World
from stigmer_workflow_runner.errors import error_object
from stigmer_workflow_runner.tasks.call_model import ASK

_KNOWN: Final = {"openai": "https://api.openai.com/v1", "ollama": "http://127.0.0.1:11434/v1"}


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """Where models answer. `base_url` empty: the one that the provider is known by."""

    provider: str = ""
    base_url: str = ""
    api_key: str = ""


class ModelCalls:
    """The activity that asks."""

    def __init__(self, web: Web, world: World, access: ModelAccess) -> None:
        self._web, self._world, self._access = web, world, access

    @activity.defn(name=ASK)
    async def ask(self, argument: dict[str, Any]) -> Any:
        """`{text, model, usage}` of `{model, messages, schema, temperature, max_tokens, key, timeout}`.

        `model` is `[provider:]name`; `usage` are the tokens of question and answer.
        """
        return await self._world.run(argument, f"the model {argument['model']}", self.answer)

    async def answer(self, opened: Opened) -> Json:
        """Ask without Temporal around it."""
        argument, access = opened.argument, self._access
        provider, _, name = argument["model"].rpartition(":")
        base = access.base_url or _KNOWN.get(provider or access.provider, "")
        if not base:
            detail = (
                f"the model {argument['model']!r} has no address: set STIGMER_LLM_BASE_URL (llm.base_url) to an "
                f"OpenAI-compatible endpoint, or use a provider that is known: {', '.join(sorted(_KNOWN))}"
            )
            raise failure(error_object("configuration", detail))
        opened.redactor.add([access.api_key])
        request = Request(
            "POST", f"{base.rstrip('/')}/chat/completions", _headers(access, argument), (), _body(name, argument)
        )
        answer = await self._web.send(request)
        answer.check(f"the model {argument['model']}")
        return _read(answer.content, argument["model"])


def _headers(access: ModelAccess, argument: dict[str, Any]) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Idempotency-Key": argument["key"]}
    return {**headers, "Authorization": f"Bearer {access.api_key}"} if access.api_key else headers


def _body(name: str, argument: dict[str, Any]) -> bytes:
    body: dict[str, Json] = {"model": name, "messages": argument["messages"]}
    if argument["temperature"] is not None:
        body["temperature"] = argument["temperature"]
    if argument["max_tokens"]:
        body["max_tokens"] = argument["max_tokens"]
    if argument["schema"]:
        schema = {"name": "answer", "schema": json.loads(argument["schema"])}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return json.dumps(body, ensure_ascii=False).encode()


def _read(found: Json, model: str) -> dict[str, Json]:
    try:
        choice = found["choices"][0]
        message, usage = choice["message"], found.get("usage") or {}
        text = message.get("content")
        if text is None:
            reason = message.get("refusal") or choice.get("finish_reason") or "no content"
            raise failure(error_object("runtime", f"the model {model} gave no answer: {reason}"))
        tokens = [int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)]
        return {"text": str(text), "model": str(found.get("model") or model), "usage": tokens}
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        detail = f"the model {model} gave no chat completion: {str(found)[:500]}"
        raise failure(communication(502, detail)) from error
