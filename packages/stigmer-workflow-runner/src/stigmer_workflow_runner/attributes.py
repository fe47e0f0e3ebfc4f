"""Search attributes of runs in Temporal: who and what they are, for `temporal workflow list --query` and the UI.

An attribute that Temporal does not have would fail a step of the workflow for ever. So only those that are registered,
with their type, are recorded when an execution is loaded; the rest is left out with a warning. Must never stop a run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import (
    ExpressionFailedError,
    ExpressionInvalidError,
    Meter,
    compile_expression,
    is_expression,
)

_log = structlog.get_logger(__name__)

PHASE: Final = "DslPhase"
_FIXED: Final = ("WorkflowExecutionID", "OrgId", "DslNamespace", "DslName", "DslVersion")
OURS: Final = (*_FIXED, PHASE)
"""Keywords that the runner registers itself when it may."""

FRESH_SECONDS: Final = 60.0
MAX_VALUE: Final = 2_000
_CHECKS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "KEYWORD": str,
    "TEXT": str,
    "INT": int,
    "DOUBLE": (int, float),
    "BOOL": bool,
    "KEYWORD_LIST": list,
    "DATETIME": str,
}


class Attributes:
    """What one Temporal namespace has."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, str] = {}
        self._read_at: float | None = None
        self._told: set[str] = set()

    async def register(self) -> None:
        """Add ours, when they are missing and this client may."""
        missing = [name for name in OURS if name not in await self.known()]
        if not missing:
            return
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        request = AddSearchAttributesRequest(
            namespace=self._client.namespace, search_attributes=dict.fromkeys(missing, keyword)
        )
        try:
            await self._client.operator_service.add_search_attributes(request)
            self._read_at = None
        except RPCError as error:
            _log.warning("search attributes are not registered; runs go without them", names=missing, error=str(error))

    async def known(self) -> Mapping[str, str]:
        """Type (KEYWORD, INT, ...) by name; empty when Temporal does not say."""
        if self._read_at is None or time.monotonic() - self._read_at > FRESH_SECONDS:
            try:
                request = ListSearchAttributesRequest(namespace=self._client.namespace)
                found = await self._client.operator_service.list_search_attributes(request)
                self._known = {name: _type(value) for name, value in found.custom_attributes.items()}
            except RPCError as error:
                self._known = {}
                self._tell("", "Temporal does not list its search attributes; runs go without them", error=str(error))
            self._read_at = time.monotonic()
        return self._known

    async def of(self, execution_id: str, org: str, document: Mapping[str, Any], given: Json) -> list[list[Json]]:
        """`[name, type, value]` of each attribute that a run of `document` on the input `given` can have."""
        head = document.get("document") or {}
        own = (head.get(key) for key in ("namespace", "name", "version"))
        fixed = dict(zip(_FIXED, (execution_id, org, *own), strict=True))
        wanted = self._evaluated((head.get("metadata") or {}).get("searchAttributes"), given, head.get("name"))
        known, found = await self.known(), list[list[Json]]()
        for name, value in {**wanted, **fixed}.items():
            if name not in known:
                self._tell(
                    name, f"Temporal has no search attribute {name!r}; runs go without it", document=head.get("name")
                )
            elif not _fits(known[name], value):
                shown = str(value)[:80]
                why = f"the search attribute {name!r} is a {known[name]}, not {shown!r}; the run goes without it"
                self._tell(f"{name}={value}"[:200], why, document=head.get("name"))
            else:
                found.append([name, known[name], value])
        return found

    def _evaluated(self, wanted: Json, given: Json, name: Json) -> dict[str, Json]:
        """The values that a document wants: as written, `{type, value}` as in Zigflow, or expressions on the input."""
        values: dict[str, Json] = {}
        for key, item in (wanted if isinstance(wanted, Mapping) else {}).items():
            value = item["value"] if isinstance(item, Mapping) and "value" in item else item
            try:
                values[key] = _value(value, given)
            except (ExpressionInvalidError, ExpressionFailedError) as error:
                why = f"the search attribute {key!r} has no value: {error}"
                self._tell(f"{key}:{error}"[:200], why, document=name)
        return values

    def _tell(self, key: str, text: str, **more: Any) -> None:
        """Warn once."""
        if key not in self._told and len(self._told) < 1_000:
            self._told.add(key)
            _log.warning(text, **more)


def _type(value: Any) -> str:
    return str(IndexedValueType.Name(value)).removeprefix("INDEXED_VALUE_TYPE_")


def _fits(kind: str, value: Json) -> bool:
    if kind not in _CHECKS or not isinstance(value, _CHECKS[kind]) or (kind != "BOOL" and isinstance(value, bool)):
        return False
    if isinstance(value, list):
        return all(isinstance(item, str) and len(item) <= MAX_VALUE for item in value)
    if kind == "DATETIME":
        return _is_time(str(value))
    return len(str(value)) <= MAX_VALUE


def _value(value: Json, given: Json) -> Json:
    """What is written, or what it gives on the input."""
    if not isinstance(value, str) or not is_expression(value):
        return value
    expression = compile_expression(value)
    if expression.variables:
        raise ExpressionInvalidError("it sees the input of the execution and no variables")
    return expression.evaluate(given, {}, time.time(), Meter())


def _is_time(text: str) -> bool:
    """Whether a text is a moment: RFC 3339, with its offset."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
