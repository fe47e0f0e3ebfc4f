"""The provider table: every word that `provider[:model]` may start with. Data only, so that nothing heavy loads."""

from __future__ import annotations

from dataclasses import dataclass

from stigmer_api.endpoints import MODEL_ENDPOINTS

SCRIPTED = "scripted"


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider.

    engine: key of engine.registry. base_url: default endpoint, empty when the user must give one. key_envs: environment
    variables that may hold its key. needs_key: it refuses calls without one. needs_model: there is no default model.
    api: what its endpoint speaks: openai, anthropic, or replay for a recording instead of an endpoint.
    """

    name: str
    engine: str
    base_url: str = ""
    key_envs: tuple[str, ...] = ()
    needs_key: bool = False
    needs_model: bool = True
    api: str = "openai"


_TABLE = (
    Provider(SCRIPTED, "scripted", needs_model=False),
    Provider("openai", "graphton", MODEL_ENDPOINTS["openai"], ("OPENAI_API_KEY",), needs_key=True),
    Provider("openrouter", "graphton", MODEL_ENDPOINTS["openrouter"], ("OPENROUTER_API_KEY",), needs_key=True),
    Provider("ollama", "graphton", MODEL_ENDPOINTS["ollama"]),
    Provider("vllm", "graphton", MODEL_ENDPOINTS["vllm"], ("VLLM_API_KEY",)),
    Provider("lmstudio", "graphton", MODEL_ENDPOINTS["lmstudio"]),
    Provider("openai-compatible", "graphton", "", ("OPENAI_API_KEY",)),
    Provider(
        "anthropic", "graphton", "https://api.anthropic.com", ("ANTHROPIC_API_KEY",), needs_key=True, api="anthropic"
    ),
    Provider("replay", "graphton", "http://recording.invalid/v1", api="replay"),
)

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in _TABLE}


def known_providers() -> str:
    """The names, for messages: "scripted, openai, …"."""
    return ", ".join(PROVIDERS)


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model that an execution uses and where it is reached. `source` says who chose it, for messages."""

    provider: Provider
    model: str
    base_url: str = ""
    api_key: str = ""
    source: str = ""

    def __repr__(self) -> str:
        """Leave the key out: representations end up in logs."""
        return f"ModelChoice({self.label!r}, base_url={self.base_url!r}, source={self.source!r})"

    @property
    def label(self) -> str:
        """`provider:model`, as users write it."""
        return f"{self.provider.name}:{self.model}" if self.model else self.provider.name
