"""`call` of a function: one of `use.functions`, a document behind a URL, or `name:version@catalog`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.endpoints import READABLE, Endpoint, read_catalog
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.model import Task
from stigmer_api.dsl.problems import child, listed, shortened
from stigmer_api.dsl.reader import Reader

DEFAULT_CATALOG: Final = "default"
_CATALOGED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*):(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)@([A-Za-z0-9][A-Za-z0-9_-]*)")


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function with its `arguments`, which are the input of its task.

    `task` is a function of this document. Others are read when they are called: from `source`, a URI, or from the path
    `within` the catalog at `source` (None: the catalog that the runner's settings name).
    """

    name: str
    arguments: Template
    task: Task | None = None
    source: Endpoint | None = None
    within: str = ""


def read_function_call(
    reader: Reader, called: str, fields: Mapping[str, Json], pointer: str, kinds: tuple[str, ...]
) -> FunctionCall | None:
    """Compile a call that is of none of the `kinds` that the DSL has."""
    place = child(pointer, "call")
    given = fields.get("with", {})
    if not isinstance(given, Mapping | str):
        reader.problem(child(pointer, "with"), "must be an object of arguments by name")
        given = {}
    arguments = reader.template(given, child(pointer, "with"))
    functions = reader.declared.get("functions", {})
    if called in functions:
        task = reader.function(called, place)
        return None if task is None else FunctionCall(called, arguments, task)
    if called.partition("://")[0].lower() in READABLE:
        return FunctionCall(called, arguments, source=Endpoint(Template(called), literal=True))
    match = _CATALOGED.fullmatch(called)
    if match is None:
        known = f": it has {listed(functions)}" if functions else ""
        reader.problem(
            place,
            f"{shortened(called)!r} is neither a kind of call ({listed(kinds)}) nor a URL nor name:version@catalog, "
            f"and use.functions does not declare it{known}",
        )
        return None
    return _cataloged(reader, match, arguments, place)


def _cataloged(reader: Reader, match: re.Match[str], arguments: Template, place: str) -> FunctionCall | None:
    name, version, catalog = match.groups()
    within = f"functions/{name}/{version}/function.yaml"
    catalogs = reader.declared.get("catalogs", {})
    if catalog in catalogs:
        source = read_catalog(reader, catalogs[catalog], child("/use/catalogs", catalog))
        return FunctionCall(match.group(), arguments, source=source, within=within)
    if catalog == DEFAULT_CATALOG:
        return FunctionCall(match.group(), arguments, within=within)
    reader.problem(place, f"use.catalogs has no {catalog!r}: declare it, or use the catalog {DEFAULT_CATALOG!r}")
    return None
