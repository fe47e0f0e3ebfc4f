"""Checks a document and compiles it: `compile_document` finds every problem at once or gives the tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from stigmer_api.dsl.authentication import read_policy
from stigmer_api.dsl.endpoints import read_catalog
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.extensions import read_extensions
from stigmer_api.dsl.hidden import SECRETS
from stigmer_api.dsl.model import CONTINUE, DIRECTIVES, Duration, Schema, Task, TaskList, Workflow
from stigmer_api.dsl.problems import DocumentInvalidError, Problem, Problems, child, listed, shortened
from stigmer_api.dsl.reader import (
    AFTER_TASK,
    BEFORE_TASK,
    IN_TASK,
    NOT_YET,
    WORKFLOW_INPUT,
    WORKFLOW_OUTPUT,
    Reader,
    TaskTypes,
)
from stigmer_api.dsl.schedule import check_schedule
from stigmer_api.dsl.schemas import read_schema

MAX_TASKS: Final = 5_000

DOCUMENT_KEYS: Final = ("dsl", "namespace", "name", "version", "title", "summary", "tags", "metadata")
SHARED_KEYS: Final = ("if", "input", "output", "export", "timeout", "then", "metadata")
TOP_KEYS: Final = ("document", "input", "use", "do", "timeout", "output", "schedule", "evaluate")
_USE_SUPPORTED: Final = ("authentications", "catalogs", "errors", "functions", "retries", "timeouts")

# A `for` task has a `do` too, so the order in which kinds are looked for decides.
KIND_ORDER: Final = (
    "call", "for", "do", "emit", "fork", "listen", "raise", "run", "set", "switch", "try", "wait",
)  # fmt: skip

MEANT: Final[Mapping[str, str]] = {
    **{kind: f"call: {kind} and with" for kind in ("a2a", "agent", "asyncapi", "grpc", "http", "mcp", "openapi")},
    **{kind: f"run: {{{kind}: ...}}" for kind in ("container", "script", "shell", "workflow")},
    **dict.fromkeys(("function", "with"), "call: <name of the function> and with"),
    **dict.fromkeys(("branches", "parallel"), "fork: {branches: [...]}"),
    **dict.fromkeys(("delay", "sleep"), "wait: {seconds: 5}"),
    **dict.fromkeys(("assign", "transform"), "set: {...}"),
    **dict.fromkeys(("choice", "cases", "when"), "switch: [...]"),
    **dict.fromkeys(("each", "foreach", "loop", "while"), "for: {in: ...} and do"),
    "catch": "try and catch",
}
"""What people write who know other languages, and how it is written here."""

_DSL = re.compile(r"1\.0\.[0-9]+")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


def compile_document(value: Json, types: TaskTypes, lines: Mapping[str, int] | None = None) -> Workflow:
    """Check a document and compile it. `lines` gives the line of each JSON pointer, for the messages.

    `types` are the task types that this runner knows.

    Raises:
        DocumentInvalidError: with everything that is wrong.
    """
    problems = Problems(lines)
    reader = Reader(problems, _read_list, types)
    fields = reader.fields(value, "", TOP_KEYS, required=("document", "do"))
    head = _read_head(reader, fields)
    loose = _read_mode(reader, fields.get("evaluate", {})) == "loose"
    declared = _read_use(reader, fields.get("use", {}))
    reader = Reader(problems, _read_list, types, declared=declared, read_task=_read_task, loose=loose)
    if isinstance(fields.get("use"), Mapping) and "extensions" in fields["use"]:
        reader = replace(reader, extensions=read_extensions(reader, fields["use"]["extensions"]))
    if "schedule" in fields:
        check_schedule(reader, fields["schedule"])
    workflow = Workflow(
        namespace=head["namespace"],
        name=head["name"],
        version=head["version"],
        tasks=reader.tasks(fields["do"], "/do") if "do" in fields else TaskList(()),
        definition=value if isinstance(value, Mapping) else {},
        input_from=_read_filter(reader, fields, "", "input", "from", WORKFLOW_INPUT),
        output_as=_read_filter(reader, fields, "", "output", "as", WORKFLOW_OUTPUT),
        timeout=_read_timeout(reader, fields, "", WORKFLOW_OUTPUT),
        input_schema=_read_schema(reader, fields, "", "input"),
        output_schema=_read_schema(reader, fields, "", "output"),
    )
    _read_reusable(reader)
    problems.raise_if_any()
    needs = reader.needs
    return replace(workflow, secrets=tuple(sorted(needs.secrets)), variables=tuple(sorted(needs.variables)))


def compile_task(name: str, value: Json, pointer: str, types: TaskTypes) -> Task:
    """Check and compile one task that belongs to no document. Raises `DocumentInvalidError`."""
    problems = Problems()
    task = _read_task(Reader(problems, _read_list, types, read_task=_read_task), name, value, pointer)
    problems.raise_if_any()
    if task is None:
        raise DocumentInvalidError([Problem(pointer, "is no task")])
    return task


def _read_head(reader: Reader, document: Mapping[str, Json]) -> dict[str, str]:
    head = {"dsl": "", "namespace": "", "name": "", "version": ""}
    if "document" not in document:
        return head
    fields = reader.fields(document["document"], "/document", DOCUMENT_KEYS, required=head)
    for key in head:
        if key in fields:
            head[key] = reader.text(fields[key], f"/document/{key}")
    if head["dsl"] and not _DSL.fullmatch(head["dsl"]):
        reader.problem(
            "/document/dsl", f"the DSL version {shortened(head['dsl'])!r} is not supported: use 1.0.x, in quotes"
        )
    for key in ("namespace", "name"):
        if head[key] and not _LABEL.fullmatch(head[key]):
            reader.problem(
                f"/document/{key}", f"{head[key]!r} must be lower-case letters, digits and dashes, at most 63"
            )
    if head["version"] and not _VERSION.fullmatch(head["version"]):
        reader.problem("/document/version", f"{shortened(head['version'])!r} must be a semantic version such as 1.0.0")
    return head


def _read_use(reader: Reader, value: Json) -> dict[str, Mapping[str, Json]]:
    fields = reader.fields(value, "/use", (*_USE_SUPPORTED, "extensions", SECRETS))
    declared = {}
    for section in _USE_SUPPORTED:
        if section in fields:
            if isinstance(fields[section], Mapping):
                declared[section] = fields[section]
            else:
                reader.problem(f"/use/{section}", "must be an object of named definitions")
    declared[SECRETS] = _read_secrets(reader, fields)
    return declared


def _read_secrets(reader: Reader, fields: Mapping[str, Json]) -> dict[str, Json]:
    names = fields.get(SECRETS, [])
    if not isinstance(names, list):
        reader.problem("/use/secrets", "must be a list of names")
        return {}
    return {reader.text(name, child("/use/secrets", i)): None for i, name in enumerate(names)}


def _read_reusable(reader: Reader) -> None:
    """Check what `use` declares where nothing else does: policies, functions and catalogs, used or not."""
    for name, policy in reader.declared.get("authentications", {}).items():
        read_policy(reader, policy, child("/use/authentications", name))
    for name in reader.declared.get("functions", {}):
        place = child("/use/functions", name)
        if name not in reader.functions:
            reader.function(name, place)
    for name, catalog in reader.declared.get("catalogs", {}).items():
        read_catalog(reader, catalog, child("/use/catalogs", name))


def _read_mode(reader: Reader, value: Json) -> str:
    fields = reader.fields(value, "/evaluate", ("language", "mode"))
    if fields.get("language", "jq") != "jq":
        reader.problem("/evaluate/language", f"the expression language {fields['language']!r} {NOT_YET}: use jq")
    if fields.get("mode", "strict") not in ("strict", "loose"):
        reader.problem("/evaluate/mode", f"the mode {fields['mode']!r} does not exist: use strict or loose")
    return str(fields.get("mode", "strict"))


# --- tasks -----------------------------------------------------------------------------------------------------


def _read_list(reader: Reader, value: Json, pointer: str) -> TaskList:
    if not isinstance(value, list) or not value:
        reader.problem(pointer, "must be a list with at least one task")
        return TaskList(())
    if len(value) > MAX_TASKS:
        reader.problem(pointer, f"has {len(value)} tasks, the limit is {MAX_TASKS}")
        return TaskList(())
    scoped = replace(reader, targets=[])
    tasks: list[Task] = []
    index: dict[str, int] = {}
    names: dict[str, None] = {}  # in the order of the document, for the messages
    for i, item in enumerate(value):
        place = child(pointer, i)
        if not isinstance(item, Mapping) or len(item) != 1:
            found = f", not {len(item)}: {listed(item)}" if isinstance(item, Mapping) else ""
            scoped.problem(place, f"a task is an object with one key, its name{found}")
            continue
        [(name, definition)] = item.items()
        if name in names:
            scoped.problem(child(place, name), f"the task name {name!r} is used twice in this list")
        if name in DIRECTIVES:
            scoped.problem(child(place, name), f"{name!r} is a flow directive and cannot name a task")
        names[name] = None
        task = _read_task(scoped, name, definition, child(place, name))
        if task is not None:
            index[name] = len(tasks)
            tasks.append(task)
    for target, place in scoped.targets:
        if target not in names:
            known = listed(["continue", "exit", "end", *names])
            scoped.problem(place, f"there is no task {shortened(target)!r} in this list: use one of {known}")
    return TaskList(tuple(tasks), index)


def _read_task(reader: Reader, name: str, value: Json, pointer: str) -> Task | None:
    if not isinstance(value, Mapping):
        reader.problem(pointer, f"the task {name!r} must be an object")
        return None
    kind = next((key for key in KIND_ORDER if key in value), None)
    if kind is None:
        other = [key for key in value if key not in SHARED_KEYS]
        keys = listed(other) if other else "no kind"
        meant = next((f"; write {MEANT[key]}" for key in other if key in MEANT), "")
        reader.problem(pointer, f"the task {name!r} has {keys}: a task needs one of {', '.join(KIND_ORDER)}{meant}")
        return None
    task_type = reader.types.get(kind)
    if task_type is None:
        reader.problem(pointer, f"the task {name!r} is a {kind!r} task, which {NOT_YET}")
        return None
    reader.fields(value, pointer, dict.fromkeys((*task_type.keys, *SHARED_KEYS)))
    own = {key: value[key] for key in task_type.keys if key in value}
    label, body = task_type.read(reader, name, own, pointer)
    return Task(
        name=name,
        kind=label,
        pointer=pointer,
        body=body,
        definition=value,
        condition=reader.optional(value, "if", pointer, lambda v, p: reader.expression(v, p, BEFORE_TASK)),
        input_from=_read_filter(reader, value, pointer, "input", "from", BEFORE_TASK),
        output_as=_read_filter(reader, value, pointer, "output", "as", IN_TASK),
        export_as=_read_filter(reader, value, pointer, "export", "as", AFTER_TASK),
        timeout=_read_timeout(reader, value, pointer, BEFORE_TASK),
        then=reader.optional(value, "then", pointer, reader.target) or CONTINUE,
        input_schema=_read_schema(reader, value, pointer, "input"),
        output_schema=_read_schema(reader, value, pointer, "output"),
        export_schema=_read_schema(reader, value, pointer, "export"),
        extensions=tuple(found for found in reader.extensions if found.extend in (kind, "all")),
    )


def _read_filter(
    reader: Reader, fields: Mapping[str, Json], pointer: str, section: str, key: str, available: frozenset[str]
) -> Template | None:
    if section not in fields:
        return None
    place = child(pointer, section)
    found = reader.fields(fields[section], place, (key, "schema"))
    return reader.optional(found, key, place, lambda v, p: reader.filter(v, p, available))


def _read_schema(reader: Reader, fields: Mapping[str, Json], pointer: str, section: str) -> Schema | None:
    found = fields.get(section)
    place = child(pointer, section, "schema")
    return read_schema(reader, found["schema"], place) if isinstance(found, Mapping) and "schema" in found else None


def _read_timeout(
    reader: Reader, fields: Mapping[str, Json], pointer: str, available: frozenset[str]
) -> Duration | None:
    if "timeout" not in fields:
        return None
    place = child(pointer, "timeout")
    found = reader.named("timeouts", fields["timeout"], place)
    if found is None:
        return None
    timeout = reader.fields(found, place, ("after",), required=("after",))
    return reader.optional(timeout, "after", place, lambda v, p: reader.duration(v, p, available))
