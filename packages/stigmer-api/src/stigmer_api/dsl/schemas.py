"""JSON schemas of a document: read with it, and held against data without leaving the process.

Patterns run in linear time, references stay inside the schema, and the work is limited beforehand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NoReturn

import jsonschema_rs

from stigmer_api.dsl.endpoints import read_resource
from stigmer_api.dsl.errors import DslError, Json
from stigmer_api.dsl.model import Schema
from stigmer_api.dsl.problems import child, shortened
from stigmer_api.dsl.reader import Reader
from stigmer_api.dsl.schema_limits import SchemaTooCostlyError, depth_limit, depth_of

MAX_TOLD: Final = 5
"""Violations that a message names."""


class SchemaInvalidError(DslError):
    """The value is no JSON schema, or one that this runner does not check data against."""


def read_schema(reader: Reader, value: Json, pointer: str) -> Schema | None:
    """Compile `schema: {format, document | resource}`."""
    fields = reader.fields(value, pointer, ("format", "document", "resource"))
    form = fields.get("format", "json")
    if not isinstance(form, str) or form.partition(":")[0] != "json":
        reader.problem(
            child(pointer, "format"), f"the schema format {shortened(str(form))!r} is not supported: use json"
        )
    if ("document" in fields) == ("resource" in fields):
        reader.problem(pointer, "needs either 'document' or 'resource'")
        return None
    if "resource" in fields:
        return Schema(source=read_resource(reader, fields["resource"], child(pointer, "resource")))
    try:
        return Schema(checked(fields["document"]))
    except SchemaInvalidError as error:
        reader.problem(child(pointer, "document"), str(error))
        return None


def checked(document: Json) -> str:
    """The text of a schema. Raises `SchemaInvalidError` when it is none."""
    if not isinstance(document, Mapping | bool):
        raise SchemaInvalidError("a JSON schema is an object")
    text = json.dumps(document, sort_keys=True)
    _validator(text)
    return text


def violation(text: str, value: Json) -> str:
    """What is wrong with `value` by the schema of `text`, which `checked` gave; empty when nothing is."""
    validator, most = _validator(text)
    if depth_of(value, most) > most:
        return f"the data has more than {most} levels, which is as deep as this schema is followed"
    found = [
        f"{_place(error)}: {shortened(str(error.message), 300)}"
        for error in islice(validator.iter_errors(value), MAX_TOLD)
    ]
    return "; ".join(found)


@lru_cache(maxsize=256)
def _validator(text: str) -> tuple[Any, int]:
    document = json.loads(text)
    try:
        most = depth_limit(document)
        validator = jsonschema_rs.validator_for(
            document, retriever=_refuse, pattern_options=jsonschema_rs.RegexOptions()
        )
    except SchemaTooCostlyError as error:
        raise SchemaInvalidError(str(error)) from error
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        reason = str(getattr(error, "message", error)).splitlines()[0]
        place = _place(error) if isinstance(error, jsonschema_rs.ValidationError) else "/"
        raise SchemaInvalidError(
            f"not a JSON schema that can be checked, at {place}: {shortened(reason, 300)}"
        ) from error
    except RecursionError as error:
        raise SchemaInvalidError("the schema is nested too deeply") from error
    return validator, most


def _place(error: Any) -> str:
    return child("", *error.instance_path) or "/"


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is outside the schema")
