"""`call: validate`: holds a value against a JSON schema and rules. Ours: uploaded tasks have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader
from stigmer_api.dsl.schemas import SchemaInvalidError, checked

RAISE, BRANCH, WARN = "raise", "branch", "warn"
MODES: Final = (RAISE, BRANCH, WARN)
_KEYS: Final = ("value", "schema", "rules", "onFail", "fallback")


@dataclass(frozen=True, slots=True)
class Rule:
    """An expression on the value that must be true."""

    name: str
    expression: Expression | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Failing:
    """What follows when the judgement is no: an error, the task `fallback`, or nothing but the output that says so."""

    mode: str = RAISE
    fallback: str | None = None


RAISING: Final = Failing()


@dataclass(frozen=True, slots=True)
class Validate:
    """`schema` is the schema's text, as `schemas.checked` gives it."""

    value: Template
    rules: tuple[Rule, ...] = ()
    schema: str | None = None
    failing: Failing = RAISING


def read_validate_call(reader: Reader, value: Json, pointer: str) -> Validate:
    """Compile `with` of `call: validate`."""
    found = reader.fields(value, pointer, _KEYS, required=("value",))
    if "schema" not in found and "rules" not in found and isinstance(value, Mapping):
        reader.problem(pointer, "needs 'schema' or 'rules'")
    return Validate(
        reader.template(found.get("value"), child(pointer, "value")),
        reader.optional(found, "rules", pointer, lambda v, p: _read_rules(reader, v, p)) or (),
        reader.optional(found, "schema", pointer, lambda v, p: read_schema_text(reader, v, p)),
        read_failing(reader, found, pointer),
    )


def read_failing(reader: Reader, fields: Mapping[str, Json], pointer: str) -> Failing:
    """`onFail` and `fallback`, which belong together."""
    mode, place = fields.get("onFail", RAISE), child(pointer, "onFail")
    if mode not in MODES:
        reader.problem(place, f"must be one of {', '.join(MODES)}, not {mode!r}")
        mode = RAISE
    fallback = reader.optional(fields, "fallback", pointer, reader.target)
    if (mode == BRANCH) != (fallback is not None):
        reader.problem(pointer, "'fallback' and 'onFail: branch' belong together")
    return Failing(str(mode), fallback)


def read_schema_text(reader: Reader, value: Json, pointer: str) -> str | None:
    """A JSON schema as text."""
    try:
        return checked(value)
    except SchemaInvalidError as error:
        reader.problem(pointer, str(error))
        return None


def _read_rules(reader: Reader, value: Json, pointer: str) -> tuple[Rule, ...]:
    if not isinstance(value, list):
        reader.problem(pointer, "must be a list of rules")
        return ()
    rules = []
    for index, item in enumerate(value):
        place = child(pointer, index)
        found = reader.fields(item, place, ("name", "expression", "message"), required=("name", "expression"))
        rules.append(
            Rule(
                str(found.get("name", "")),
                reader.optional(found, "expression", place, reader.expression),
                str(found.get("message", "")),
            )
        )
    return tuple(rules)
