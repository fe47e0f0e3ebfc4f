"""The forms that a secret takes on its way through tools and services, for whoever takes secrets out of texts.

Pure, standard library only. What else a program makes of a value (reversed, encrypted) is not here.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

__all__ = ["base64_forms", "text_forms"]

MIN_BASE64 = 6
"""Characters that a piece of base64 must have: shorter ones occur by chance."""

_LONG_LINE = 16
"""Characters from which a line of a secret of several lines (a private key) is searched for by itself."""


def _long_lines(value: str) -> list[str]:
    """The lines of a value that has several, but for those that tell nothing (-----BEGIN …)."""
    lines = [line.strip() for line in value.splitlines()]
    return (
        [line for line in lines if len(line) >= _LONG_LINE and not line.startswith("-----")] if len(lines) > 1 else []
    )


def base64_forms(value: str) -> Iterator[str]:
    """Yield the value's base64, and what of it does not depend on what stands before and after the value."""
    data = value.encode("utf-8", "surrogatepass")
    yield base64.b64encode(data).decode()
    yield base64.urlsafe_b64encode(data).decode()
    for offset in range(3):
        coded = base64.b64encode(bytes(offset) + data).decode()
        whole = coded[(offset * 8 + 5) // 6 : (offset + len(data)) * 8 // 6]
        for form in {whole, whole.replace("+", "-").replace("/", "_")}:
            if len(form) >= MIN_BASE64:
                yield form


def text_forms(value: str) -> Iterator[str]:
    """Yield a value, the telling lines of one that has several, and what encodings make of each.

    Those are URL, JSON, Python, HTML and hexadecimal. A form may come twice.
    """
    for part in (value, *_long_lines(value)):
        yield from _forms(part)


def _forms(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogatepass")
    quoted = {quote(data, safe=""), quote(data), quote_plus(data), quote(data, safe="/:@!$&'()*+,;=~")}
    yield value
    for form in quoted:
        yield form
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), form)
    for plain in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield plain
        yield plain.replace("/", "\\/")
        yield json.dumps(plain)[1:-1]
    yield repr(value)[1:-1]
    yield html.escape(value)
    yield html.escape(value, quote=False)
    yield data.hex()
    yield data.hex().upper()
