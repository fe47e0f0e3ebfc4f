"""Answers by schema: what a model is told, how its answer is judged, and the one repair that it is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from stigmer_agent_runner.errors import ResolveError
from stigmer_api.dsl.normaliser import whole_numbers

KIND = "structured_output_invalid"
_MOST_PROBLEMS = 5
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n\s*```\s*\Z", re.DOTALL)
_FIELD = "spec.execution_config.structured_output_schema"


def checked_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as JSON has it; ResolveError when it is none, or describes something else than an object."""
    whole: dict[str, Any] = whole_numbers(dict(schema))
    try:
        jsonschema_rs.validator_for(whole)
    except (ValueError, jsonschema_rs.ValidationError) as error:
        raise ResolveError(
            f"{_FIELD} is not a valid JSON Schema: {_first_line(error)}", kind="invalid_schema"
        ) from error
    if whole.get("type") != "object":
        raise ResolveError(f'{_FIELD} must have "type": "object" at its top', kind="invalid_schema")
    return whole


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must be. schema: None for plain text."""

    schema: Mapping[str, Any] | None

    @property
    def instructions(self) -> str:
        """What the model is told beforehand; empty for plain text."""
        if self.schema is None:
            return ""
        return (
            "Your final answer must be one JSON document, with nothing before or after it, that is valid against this"
            f" JSON Schema:\n{json.dumps(self.schema, ensure_ascii=False)}"
        )

    def read(self, text: str) -> tuple[Mapping[str, Any] | None, str]:
        """Return the document in an answer, or what is wrong with it."""
        fenced = _FENCE.match(text)
        try:
            found = json.loads(fenced[1] if fenced else text)
        except ValueError as error:
            return None, f"it is not JSON: {error}"
        errors = list(jsonschema_rs.validator_for(dict(self.schema or {})).iter_errors(found))
        if errors:
            return None, "; ".join(_problem(error) for error in errors[:_MOST_PROBLEMS])
        return found, ""


def repair_of(problem: str) -> str:
    """What the model is told about an answer that does not fit."""
    return f"Your answer does not fit the JSON Schema: {problem}. Answer again with the whole JSON document only."


def _problem(error: jsonschema_rs.ValidationError) -> str:
    path = "/".join(str(part) for part in error.instance_path)
    return f"{path}: {error.message}" if path else error.message


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
