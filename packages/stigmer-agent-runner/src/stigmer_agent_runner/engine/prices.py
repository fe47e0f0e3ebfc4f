"""What models cost: list prices in US dollars per million tokens, from a data file and the user's own over it.

`$STIGMER_HOME/prices.json` has the same form as prices.json beside this file: provider, model (`*`: any), prices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from stigmer_agent_runner.engine.providers import ModelChoice
from stigmer_agent_runner.errors import ResolveError

_MILLION = 1_000_000
_FIELDS = ("input", "output", "cache_read", "cache_write")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. What is written to or read from a cache costs as input unless it says so."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None

    def cost(self, *, given: int, made: int, cache_read: int = 0, cache_write: int = 0) -> float:
        """US dollars for tokens in and out; `given` counts the cached ones too."""
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        plain = max(0, given - cache_read - cache_write)
        return (plain * self.input + cache_read * read + cache_write * write + made * self.output) / _MILLION


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by provider and model."""

    table: Mapping[str, Mapping[str, Price]] = field(default_factory=dict)

    @classmethod
    def load(cls, home: Path) -> Prices:
        """The package's prices, and the user's over them. Raises ResolveError when the user's cannot be read."""
        table = _parsed(json.loads(files(__package__).joinpath("prices.json").read_text(encoding="utf-8")), "prices")
        own = home / "prices.json"
        if own.exists():
            try:
                given = json.loads(own.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise ResolveError(f"{own} cannot be read: {error}", kind="invalid_prices") from error
            for provider, models in _parsed(given, str(own)).items():
                table[provider] = {**table.get(provider, {}), **models}
        return cls(table)

    def of(self, choice: ModelChoice) -> Price | None:
        """The price of a model, or None when nobody knows it. A dated name has the price of the name without date."""
        provider, model = choice.provider.name, choice.model
        if provider == "openrouter" and "/" in model:
            provider, _, model = model.partition("/")
        models = self.table.get(provider, {})
        fitting = [name for name in models if name == model or _is_dated(model, name)]
        return models[max(fitting, key=len)] if fitting else models.get("*")


def _is_dated(model: str, name: str) -> bool:
    rest = model.removeprefix(f"{name}-")
    return rest != model and rest[:4].isdigit()


def _parsed(table: Any, source: str) -> dict[str, dict[str, Price]]:
    try:
        return {
            str(provider): {str(model): _price(prices) for model, prices in models.items()}
            for provider, models in table.items()
        }
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise ResolveError(
            f"{source} must hold provider, model and prices like"
            f' {{"openai": {{"gpt-5": {{"input": 1.25, "output": 10}}}}}}: {error}',
            kind="invalid_prices",
        ) from error


def _price(prices: Mapping[str, Any]) -> Price:
    unknown = set(prices) - set(_FIELDS)
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return Price(float(prices["input"]), float(prices["output"]), *(_optional(prices, name) for name in _FIELDS[2:]))


def _optional(prices: Mapping[str, Any], name: str) -> float | None:
    return float(prices[name]) if name in prices else None
