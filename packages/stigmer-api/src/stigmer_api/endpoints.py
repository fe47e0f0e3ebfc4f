"""Where model providers answer unless a setting says otherwise: for the runner that calls them, and for `doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["MODEL_ENDPOINTS"]

MODEL_ENDPOINTS: Mapping[str, str] = MappingProxyType(
    {
        "openai": "https://api.openai.com/v1",
        "openrouter": "https://openrouter.ai/api/v1",
        "ollama": "http://127.0.0.1:11434/v1",
        "vllm": "http://127.0.0.1:8000/v1",
        "lmstudio": "http://127.0.0.1:1234/v1",
    }
)
"""Base URL by provider; a provider that is not named here has none of its own."""
