"""What models cost: list prices in US dollars per million tokens, from a dated data file and the user's own over it.

Every model of prices.json beside this file says where its price comes from. The user's own, in this order: the setting
`agent.prices`, and `$STIGMER_HOME/prices.json`; both hold provider, model (`*`: any) and prices. A model that nobody
knows has no price, which is never taken for a price of 0.
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
_NOTES = frozenset({"source"})


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
    def load(cls, home: Path, settings: Mapping[str, Any] | None = None) -> Prices:
        """The package's prices, and the user's over them. Raises ResolveError when the user's cannot be read."""
        table = _parsed(json.loads(_packaged())["prices"], "prices.json of the package")
        own = home / "prices.json"
        if own.exists():
            try:
                given = json.loads(own.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise ResolveError(f"{own} cannot be read: {error}", kind="invalid_prices") from error
            _put(table, _parsed(given, str(own)))
        _put(table, _parsed(settings or {}, "agent.prices of config.yaml"))
        return cls(table)

    def of(self, choice: ModelChoice) -> Price | None:
        """The price of a model, or None when nobody knows it. A dated name has the price of the name without date."""
        provider, model = choice.provider.name, choice.model
        if provider == "openrouter" and "/" in model:
            provider, _, model = model.partition("/")
        models = self.table.get(provider, {})
        fitting = [name for name in models if name == model or _is_dated(model, name)]
        return models[max(fitting, key=len)] if fitting else models.get("*")


def price_missing(choice: ModelChoice) -> str:
    """What the user is told about a model without a price, and how to give it one."""
    example = {choice.provider.name: {choice.model: {"input": 1.0, "output": 2.0}}}
    return (
        f"nobody knows what {choice.label} costs. Write its price (US dollars per million tokens) into agent.prices of"
        f" config.yaml or into prices.json of the home: {json.dumps(example)}"
    )


def _packaged() -> str:
    return files(__package__).joinpath("prices.json").read_text(encoding="utf-8")


def _put(table: dict[str, dict[str, Price]], more: Mapping[str, Mapping[str, Price]]) -> None:
    for provider, models in more.items():
        table[provider] = {**table.get(provider, {}), **models}


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
    unknown = set(prices) - set(_FIELDS) - _NOTES
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    found = [_amount(prices, name) for name in _FIELDS]
    if found[0] is None or found[1] is None:
        raise ValueError("input and output are needed")
    return Price(found[0], found[1], *found[2:])


def _amount(prices: Mapping[str, Any], name: str) -> float | None:
    value = prices.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not 0 <= float(value) < float("inf"):
        raise ValueError(f"{name} must be a number that is not negative")
    return float(value)
