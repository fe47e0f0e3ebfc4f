"""The names by which a model calls the tools of MCP servers: their own where that is unambiguous. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

__all__ = ["names_of"]

_LONGEST = 64
_OTHER = re.compile(r"[^A-Za-z0-9_-]")


def names_of(tools: Iterable[tuple[str, str]], reserved: Iterable[str]) -> Mapping[tuple[str, str], str]:
    """Return the name of each tool, given as (server, tool).

    A name that two servers have, or that is `reserved`, gets its server in front: `server__tool`. So do the names of
    both servers, whichever came first: no server can take the place of another one's tool. What model APIs do not take
    in a name becomes `_`, and what is too long is cut, with a hash behind it.
    """
    found = list(tools)
    taken = Counter(_fit(name) for _, name in found)
    taken.update(reserved)
    names: dict[tuple[str, str], str] = {}
    used: set[str] = set(reserved)
    for server, name in found:
        plain = _fit(name)
        short = plain if taken[plain] == 1 and _OTHER.search(name) is None else _fit(f"{server}__{name}")
        if short in used:
            short = _hashed(short, f"{server}\n{name}")
        used.add(short)
        names[server, name] = short
    return names


def _fit(name: str) -> str:
    fitting = _OTHER.sub("_", name) or "tool"
    return fitting if len(fitting) <= _LONGEST else _hashed(fitting, name)


def _hashed(name: str, whole: str) -> str:
    ending = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST - 9]}_{ending}"
