"""Answers of models as data: read from text, held against a schema, asked for again. Pure, so that replay agrees."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.schemas import violation

_FENCED: Final = re.compile(r"^\s*```[A-Za-z]*\s*\n(.*)\n\s*```\s*$", re.DOTALL)
MAX_TOLD: Final = 2_000


def judged(schema: str, answer: Json, *, text: bool = False) -> tuple[Json, str]:
    """The value of an answer and what is wrong with it by the schema; empty when nothing is."""
    value = answer
    if text:
        try:
            value = read_json(str(answer))
        except ValueError as error:
            return None, f"the answer is no JSON: {error}"[:MAX_TOLD]
    return value, violation(schema, value)[:MAX_TOLD]


def read_json(text: str) -> Any:
    """JSON, perhaps in a fenced block. Raises ValueError."""
    fenced = _FENCED.match(text)
    return json.loads(fenced[1] if fenced else text)


def repair(wrong: str) -> str:
    """What is said to a model whose answer breaks the schema."""
    return f"Your answer does not have the required form: {wrong}. Answer again, with nothing but the corrected JSON."
