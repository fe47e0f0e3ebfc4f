"""What an expression may use only where its value leaves the workflow: secrets, variables, the authorization in use.

An expression that needs one of these is never evaluated in the workflow: an activity does it, just before the call, so
that no such value enters Temporal's history. `${.secrets.NAME}` and `${.env_vars.NAME}` inside a text are placeholders
for the same; a text with placeholders becomes one expression.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final

from stigmer_api.dsl.expressions import Expression

SECRETS: Final = "secrets"
AUTHORIZATION: Final = "authorization"
SECRET_TEXTS: Final = "__secret_texts"  # noqa: S105 - the name of a variable
"""The variable that a placeholder of a secret stands for: always text. No document can spell it."""
VARIABLES: Final = "__variables"
"""The variable that a placeholder of an environment variable stands for."""

HIDDEN: Final = frozenset({SECRETS, AUTHORIZATION, SECRET_TEXTS, VARIABLES})
"""Names that make an expression one for an activity."""

_PLACEHOLDER = re.compile(r"\$\{\.(secrets|env_vars)\.([A-Z_][A-Z0-9_]*)\}")
_NAMED = re.compile(r'\$secrets\s*(?:\.\s*(?:([A-Za-z_][A-Za-z0-9_]*)|"([^"\\]+)")|\[\s*"([^"\\]+)"\s*\])')
_MENTION = re.compile(r"\$secrets\b")


@dataclass(slots=True)
class Needs:
    """What a document needs of the variables of its execution: names of secrets, and of environment variables."""

    secrets: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)


def has_placeholders(text: str) -> bool:
    """Whether a text of the definition holds a placeholder."""
    return _PLACEHOLDER.search(text) is not None


def without_placeholders(text: str) -> str:
    """The text with nothing where its placeholders are."""
    return _PLACEHOLDER.sub("", text)


def placeholders(text: str) -> str:
    """The jq text of a text with placeholders: a string with the values in it."""
    parts, end = [], 0
    for match in _PLACEHOLDER.finditer(text):
        source = SECRET_TEXTS if match.group(1) == "secrets" else VARIABLES
        parts += [_literal(text[end : match.start()]), f"\\(${source}[{json.dumps(match.group(2))}])"]
        end = match.end()
    return '"' + "".join([*parts, _literal(text[end:])]) + '"'


def note_placeholders(text: str, needs: Needs) -> None:
    """Add the names of a text's placeholders."""
    for kind, name in _PLACEHOLDER.findall(text):
        (needs.secrets if kind == "secrets" else needs.variables).add(name)


def named_secrets(expression: Expression) -> tuple[frozenset[str], bool]:
    """The names of `$secrets.name` in an expression, and whether it uses `$secrets` in another way as well."""
    names = [next(filter(None, groups)) for groups in _NAMED.findall(expression.text)]
    return frozenset(names), len(_MENTION.findall(expression.text)) > len(names)


def _literal(text: str) -> str:
    return json.dumps(text)[1:-1]
