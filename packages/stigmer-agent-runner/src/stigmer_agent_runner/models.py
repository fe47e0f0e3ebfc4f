"""Chooses the model of an execution: execution_config.model_name, then agent.spec.model, then the settings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_agent_runner.engine.providers import PROVIDERS, ModelChoice, Provider, known_providers
from stigmer_agent_runner.errors import ResolveError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stigmer_agent_runner.settings import Settings

_EXECUTION = "spec.execution_config.model_name of the execution"
_AGENT = "spec.model of the agent"
_SETTINGS = "llm.provider / STIGMER_LLM_PROVIDER (with llm.model / STIGMER_LLM_MODEL) of the agent runner"
_KIND = "model_not_resolved"


def choose_model(
    execution_model: str, agent_model: str, agent_script: str, settings: Settings, environment: Mapping[str, str]
) -> ModelChoice:
    """Return the model to use; ResolveError says which places can set it and what they hold.

    `execution_model` may be a bare model name: it then goes to the provider that the weaker places name.
    """
    if execution_model:
        default = _provider_name(agent_model) or settings.llm_provider
        return _complete(*_split(execution_model, _EXECUTION, default), _EXECUTION, settings, environment)
    if agent_model:
        return _complete(*_split(agent_model, _AGENT, ""), _AGENT, settings, environment)
    if settings.llm_provider:
        return _complete(
            PROVIDERS[settings.llm_provider], settings.llm_model, "llm.provider of the settings", settings, environment
        )
    if agent_script:
        return _complete(PROVIDERS["scripted"], "", "spec.script of the agent", settings, environment)
    raise ResolveError(
        f"no model is set; name one as `provider:model` in one of: {_EXECUTION}; {_AGENT}; {_SETTINGS}."
        f" Providers: {known_providers()}. `scripted` needs no model and no network.",
        kind=_KIND,
    )


def _provider_name(text: str) -> str:
    name = text.partition(":")[0]
    return name if name in PROVIDERS else ""


def _split(text: str, source: str, default: str) -> tuple[Provider, str]:
    name, colon, model = text.partition(":")
    if name in PROVIDERS:
        if colon and not model:
            raise ResolveError(f"{source} is {text!r}: a model is missing after the colon", kind=_KIND)
        return PROVIDERS[name], model
    if not colon and default:
        return PROVIDERS[default], text
    raise ResolveError(
        f"{source} is {text!r}: unknown provider {name!r}; known are {known_providers()}."
        f" Write `provider:model`, for example ollama:{text}.",
        kind=_KIND,
    )


def _complete(
    provider: Provider, model: str, source: str, settings: Settings, environment: Mapping[str, str]
) -> ModelChoice:
    ours = settings.llm_provider in {"", provider.name}
    if not model and ours and provider.needs_model:
        model = settings.llm_model
    if not model and provider.needs_model:
        raise ResolveError(
            f"{source} names the provider {provider.name} without a model; write {provider.name}:MODEL"
            " or set llm.model / STIGMER_LLM_MODEL",
            kind=_KIND,
        )
    if provider.engine == "scripted":
        return ModelChoice(provider, model, source=source)
    own_url = settings.llm_base_url if ours and provider.api != "replay" else ""
    base_url = own_url or provider.base_url
    if not base_url:
        raise ResolveError(
            f"the provider {provider.name} has no default endpoint; set llm.base_url / STIGMER_LLM_BASE_URL", kind=_KIND
        )
    api_key = _api_key(provider, settings, environment, ours=ours)
    if provider.needs_key and not api_key and base_url == provider.base_url:
        names = " or ".join(("llm.api_key / STIGMER_LLM_API_KEY", *provider.key_envs))
        raise ResolveError(f"the provider {provider.name} needs a key; set {names}", kind="model_key_missing")
    return ModelChoice(provider, model, base_url, api_key, source)


def _api_key(provider: Provider, settings: Settings, environment: Mapping[str, str], *, ours: bool) -> str:
    own = settings.llm_api_key.get_secret_value() if ours else ""
    return own or next((environment[name] for name in provider.key_envs if environment.get(name)), "")
