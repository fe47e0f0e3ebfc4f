"""Takes secret values out of what an activity gives back: the one exit through which results and errors go."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.secret_forms import base64_forms, text_forms
from stigmer_workflow_runner.step import MASK

PUBLIC: Final = frozenset(
    {"audiences", "authentication", "authority", "endpoints", "grant", "issuers", "request", "scopes", "username"}
)
"""Fields of a policy that say how and where, and are no secrets even when they come from one."""
SHORTEST: Final = 4
"""Characters of the shortest value that is looked for: shorter ones occur everywhere by chance."""


class Redactor:
    """Knows the values that must not leave."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, values: Iterable[str]) -> None:
        """Look for `values` too, and for the forms that they take on the way: escaped, encoded."""
        for value in values:
            if len(value) >= SHORTEST and value not in self._values:
                self._values |= {form for form in (*text_forms(value), *base64_forms(value)) if len(form) >= SHORTEST}
                self._pattern = None

    def add_json(self, value: Json) -> None:
        """Look for every text inside a value too, except in the `PUBLIC` fields of a policy."""
        if isinstance(value, str):
            self.add([value])
        elif isinstance(value, dict):
            for key, item in value.items():
                if key not in PUBLIC:
                    self.add_json(item)
        elif isinstance(value, list):
            for item in value:
                self.add_json(item)

    def text(self, text: str) -> str:
        """Text without them."""
        if not self._values:
            return text
        if self._pattern is None:
            longest_first = sorted(self._values, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(value) for value in longest_first))
        return self._pattern.sub(MASK, text)

    def data(self, data: bytes) -> bytes:
        """Bytes without them; whatever is no UTF-8 stays as it is."""
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def value(self, value: Json) -> Json:
        """A JSON value without them, keys included."""
        if not self._values:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value
