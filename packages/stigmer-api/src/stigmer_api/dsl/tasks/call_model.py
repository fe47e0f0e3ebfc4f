"""`call: llm` and `call: eval`: one question to a language model. Ours: uploaded tasks have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.model import Duration
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader
from stigmer_api.dsl.tasks.call_validate import RAISING, Failing, read_failing, read_schema_text

FAIL, RETRY, FALLBACK = "fail", "retry", "fallback"
PASS_FAIL, NUMERIC, CRITERIA = "pass-fail", "numeric", "criteria"
SCORINGS: Final = (PASS_FAIL, NUMERIC, CRITERIA)
_INVALID: Final = (FAIL, RETRY, FALLBACK)
_CONTRACT: Final = ("schema", "onInvalid", "maxRetries", "fallback")
_LLM: Final = ("model", "prompt", "system", "output", "temperature", "maxTokens", "maxTotalTokens", "timeout")
_EVAL: Final = ("model", "subject", "rubric", "system", "scoring", "threshold", "criteria", "onFail", "fallback")
DEFAULT_RETRIES: Final = 2
DEFAULT_THRESHOLD: Final = 0.5
MAX_RETRIES: Final = 5
MAX_TEMPERATURE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Contract:
    """What an answer must be: JSON by `schema` (its text), and what follows when it is not."""

    schema: str
    on_invalid: str = FAIL
    retries: int = DEFAULT_RETRIES
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class LlmCall:
    """`model` is `[provider:]name`; `max_total_tokens` bounds all attempts together, 0 does not."""

    model: Template
    prompt: Template
    system: Template | None = None
    contract: Contract | None = None
    temperature: float | None = None
    max_tokens: int = 0
    max_total_tokens: int = 0
    timeout: Duration | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One of several things to score, with its weight."""

    name: str
    description: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class EvalCall:
    """`threshold` is the least score, from 0 to 1, that passes."""

    model: Template
    subject: Template
    rubric: Template
    system: Template | None = None
    scoring: str = PASS_FAIL
    threshold: float = DEFAULT_THRESHOLD
    criteria: tuple[Criterion, ...] = ()
    failing: Failing = RAISING


def read_llm_call(reader: Reader, value: Json, pointer: str) -> LlmCall:
    """Compile `with` of `call: llm`."""
    found = reader.fields(value, pointer, _LLM, required=("model", "prompt"))
    temperature = reader.optional(found, "temperature", pointer, lambda v, p: _number(reader, v, p, MAX_TEMPERATURE))
    return LlmCall(
        _text(reader, found, "model", pointer),
        _text(reader, found, "prompt", pointer),
        _text(reader, found, "system", pointer) if "system" in found else None,
        reader.optional(found, "output", pointer, lambda v, p: read_contract(reader, v, p)),
        temperature,
        reader.optional(found, "maxTokens", pointer, lambda v, p: _whole(reader, v, p)) or 0,
        reader.optional(found, "maxTotalTokens", pointer, lambda v, p: _whole(reader, v, p)) or 0,
        reader.optional(found, "timeout", pointer, reader.duration),
    )


def read_eval_call(reader: Reader, value: Json, pointer: str) -> EvalCall:
    """Compile `with` of `call: eval`."""
    found = reader.fields(value, pointer, _EVAL, required=("model", "subject", "rubric"))
    scoring = found.get("scoring", PASS_FAIL)
    if scoring not in SCORINGS:
        reader.problem(child(pointer, "scoring"), f"must be one of {', '.join(SCORINGS)}, not {scoring!r}")
    criteria = reader.optional(found, "criteria", pointer, lambda v, p: _read_criteria(reader, v, p)) or ()
    if (scoring == CRITERIA) != bool(criteria):
        reader.problem(pointer, f"'criteria' and 'scoring: {CRITERIA}' belong together")
    threshold = reader.optional(found, "threshold", pointer, lambda v, p: _number(reader, v, p, 1.0))
    return EvalCall(
        _text(reader, found, "model", pointer),
        reader.template(found.get("subject"), child(pointer, "subject")),
        _text(reader, found, "rubric", pointer),
        _text(reader, found, "system", pointer) if "system" in found else None,
        str(scoring),
        DEFAULT_THRESHOLD if threshold is None else threshold,
        criteria,
        read_failing(reader, found, pointer),
    )


def read_contract(reader: Reader, value: Json, pointer: str) -> Contract | None:
    """Compile `output` of a call that answers in words."""
    found = reader.fields(value, pointer, _CONTRACT, required=("schema",))
    schema = reader.optional(found, "schema", pointer, lambda v, p: read_schema_text(reader, v, p))
    mode = found.get("onInvalid", FAIL)
    if mode not in _INVALID:
        reader.problem(child(pointer, "onInvalid"), f"must be one of {', '.join(_INVALID)}, not {mode!r}")
    retries = found.get("maxRetries", DEFAULT_RETRIES)
    if isinstance(retries, bool) or not isinstance(retries, int) or not 0 < retries <= MAX_RETRIES:
        reader.problem(child(pointer, "maxRetries"), f"must be a whole number from 1 to {MAX_RETRIES}")
        retries = DEFAULT_RETRIES
    fallback = reader.optional(found, "fallback", pointer, reader.target)
    if (mode == FALLBACK) != (fallback is not None):
        reader.problem(pointer, "'fallback' and 'onInvalid: fallback' belong together")
    return None if schema is None else Contract(schema, str(mode), retries, fallback)


def _text(reader: Reader, fields: Mapping[str, Json], key: str, pointer: str) -> Template:
    place = child(pointer, key)
    return reader.template(reader.text(fields[key], place) if key in fields else "", place)


def _whole(reader: Reader, value: Json, pointer: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    reader.problem(pointer, "must be a whole number of at least 1")
    return 0


def _number(reader: Reader, value: Json, pointer: str, most: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most:
        return float(value)
    reader.problem(pointer, f"must be a number from 0 to {most:g}")
    return 0.0


def _read_criteria(reader: Reader, value: Json, pointer: str) -> tuple[Criterion, ...]:
    if not isinstance(value, list) or not value:
        reader.problem(pointer, "must be a list with at least one criterion")
        return ()
    found: dict[str, Criterion] = {}
    for index, item in enumerate(value):
        place = child(pointer, index)
        fields = reader.fields(item, place, ("name", "description", "weight"), required=("name", "description"))
        name, weight = str(fields.get("name", "")), fields.get("weight", 1.0)
        if name in found:
            reader.problem(child(place, "name"), f"the criterion {name!r} is there twice")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or weight <= 0:
            reader.problem(child(place, "weight"), "must be a number above 0")
            weight = 1.0
        found[name] = Criterion(name, str(fields.get("description", "")), float(weight))
    return tuple(found.values())
