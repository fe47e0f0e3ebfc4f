"""Near matches for words that nobody knows, so that an error can name what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def near(word: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to `limit` known words that look like `word`, best first; case does not matter."""
    by_lower = {item.lower(): item for item in known}
    found = get_close_matches(word.lower(), by_lower, n=limit, cutoff=0.6)
    return [by_lower[item] for item in found]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean a, b?" with a leading space, or an empty text when nothing is near."""
    found = near(word, known)
    return f" Did you mean {', '.join(found)}?" if found else ""
