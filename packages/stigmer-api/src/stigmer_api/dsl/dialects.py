"""Documents of related tools as documents of the specification, as far as a plain document can say the same.

`zigflow` names a task queue and a workflow type in its head; `stigmer` is how the first Stigmer wrote its own,
and says so: `document.metadata.dialect`. What means something else there and cannot be said here is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import ExpressionInvalidError, compile_expression, is_expression
from stigmer_api.dsl.problems import Problem, child
from stigmer_api.dsl.reader import NOT_YET
from stigmer_api.dsl.strategies import SIGNAL_NAME

SPEC, STIGMER, ZIGFLOW = "spec", "stigmer", "zigflow"
DIALECTS: Final = (SPEC, STIGMER, ZIGFLOW)

_LISTS: Final = ("do", "try")
_EMBEDDED = re.compile(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}")
_PLACEHOLDER = re.compile(r"\.(secrets|env_vars)\.")
_RAW: Final = frozenset({"code", "command", "schema", "metadata"})


def dialect_of(value: Json) -> str:
    """The dialect that a document is written in; what `metadata.dialect` says counts first."""
    head = value.get("document") if isinstance(value, Mapping) else None
    if not isinstance(head, Mapping):
        return SPEC
    metadata = head.get("metadata")
    named = metadata.get("dialect") if isinstance(metadata, Mapping) else None
    return str(named or (ZIGFLOW if {"taskQueue", "workflowType"} & head.keys() else SPEC))


def to_spec(value: Json) -> tuple[Json, tuple[Problem, ...]]:
    """The document in the words of the specification, and what cannot be said in them."""
    dialect = dialect_of(value)
    if dialect == SPEC:
        return value, ()
    if dialect not in DIALECTS:
        message = f"the dialect {dialect!r} is not known: use {', '.join(DIALECTS)}"
        return value, (Problem("/document/metadata/dialect", message),)
    queue = value["document"].get("taskQueue") if dialect == ZIGFLOW else None
    translator = _Translator(dialect, queue if isinstance(queue, str) else "")
    document = {key: item for key, item in value.items() if key not in ("document", "do")}
    document["document"] = _head(value["document"]) if dialect == ZIGFLOW else value["document"]
    if "do" in value:
        document["do"] = translator.tasks(value["do"], "/do")
    return document, tuple(translator.problems)


def _head(head: Mapping[str, Json]) -> dict[str, Json]:
    """Task queue and workflow type are the namespace and the name."""
    names = {"taskQueue": "namespace", "workflowType": "name"}
    found = {names.get(key, key): item for key, item in head.items()}
    for key in names.values():
        if isinstance(found.get(key), str):
            found[key] = re.sub(r"[^a-z0-9]+", "-", str(found[key]).lower()).strip("-")[:63].strip("-")
    return {"version": "0.0.1", **found}


@dataclass(slots=True)
class _Translator:
    dialect: str
    queue: str = ""
    problems: list[Problem] = field(default_factory=list)

    def tasks(self, value: Json, pointer: str) -> Json:
        """A list of tasks."""
        if not isinstance(value, list):
            return value
        return [
            {name: self._task(name, task, child(pointer, index, name)) for name, task in item.items()}
            if isinstance(item, Mapping)
            else item
            for index, item in enumerate(value)
        ]

    def _task(self, name: str, value: Json, pointer: str) -> Json:
        if not isinstance(value, Mapping):
            return value
        task: dict[str, Json] = dict(value)
        for key in _LISTS:
            if key in task:
                task[key] = self.tasks(task[key], child(pointer, key))
        for key in ("catch", "fork"):
            if isinstance(task.get(key), Mapping):
                inner = "do" if key == "catch" else "branches"
                place = child(pointer, key, inner)
                task[key] = {k: self.tasks(v, place) if k == inner else v for k, v in task[key].items()}
        if "listen" in task:
            task["listen"] = self._listen(task["listen"], child(pointer, "listen"))
        if task.get("call") == "activity" and self.queue and isinstance(task.get("with"), Mapping):
            task["with"] = {"taskQueue": self.queue, **task["with"]}
        self._results(task, pointer)
        if self.dialect == STIGMER:
            task = {
                key: item if key in _LISTS or key in ("catch", "fork") else _texts(item, key)
                for key, item in task.items()
            }
            _keyed_export(name, task)
        return task

    def _results(self, task: dict[str, Json], pointer: str) -> None:
        """A loop gives the list of its results there, and a fork an object of them by branch."""
        if "for" in task and isinstance(task["for"], Mapping):
            if "while" in task:
                self._refuse(child(pointer, "while"), "a loop with 'while'")
            given = str(task["for"].get("in", ""))
            source = given.strip()[2:-1] if is_expression(given) else given
            counted = f'${{ ({source}) | if type == "number" then [range(.)] else . end }}'
            task["for"] = {**task["for"], "in": counted}
            task["metadata"] = {"concurrency": 1, **(task.get("metadata") or {})}
        fork = task.get("fork")
        if isinstance(fork, Mapping) and isinstance(fork.get("branches"), list) and not fork.get("compete"):
            names = [next(iter(branch), "") for branch in fork["branches"] if isinstance(branch, Mapping)]
            by_name = "{" + ", ".join(f'"{name}": .[{index}]' for index, name in enumerate(names)) + "}"
            output = dict(task.get("output") or {})
            after = output.get("as", ".")
            if not isinstance(after, str):
                self._refuse(child(pointer, "output", "as"), "an object as the output of a fork")
                return
            output["as"] = f"{by_name} | ({after.strip()[2:-1] if is_expression(after) else after})"
            task["output"] = output

    def _listen(self, value: Json, pointer: str) -> Json:
        """Handlers by id: signals are events here, queries and updates are not."""
        if not isinstance(value, Mapping) or not isinstance(value.get("to"), Mapping):
            return value
        to: dict[str, Json] = {}
        for key, item in value["to"].items():
            place = child(pointer, "to", key)
            if isinstance(item, list):
                to[key] = [self._filter(part, child(place, index)) for index, part in enumerate(item)]
            else:
                to[key] = self._filter(item, place) if key == "one" else item
        return {**value, "to": to}

    def _filter(self, value: Json, pointer: str) -> Json:
        handler = value.get("with") if isinstance(value, Mapping) else None
        if not isinstance(handler, Mapping) or handler.get("type") not in ("signal", "query", "update"):
            return value
        if handler["type"] != "signal":
            self._refuse(child(pointer, "with", "type"), f"a listener of type {handler['type']!r}")
        if "acceptIf" in handler:
            self._refuse(child(pointer, "with", "acceptIf"), "'acceptIf'")
        return {"with": {SIGNAL_NAME: handler.get("id", "")}}

    def _refuse(self, pointer: str, what: str) -> None:
        self.problems.append(Problem(pointer, f"{what} of the dialect {self.dialect} {NOT_YET}"))


def _keyed_export(name: str, task: dict[str, Json]) -> None:
    """`$context` has the exports of all tasks there, by the task's name."""
    export = task.get("export")
    if isinstance(export, Mapping) and isinstance(export.get("as"), str):
        text = export["as"].strip()
        inner = text[2:-1] if is_expression(text) else text
        if "$context" not in inner:
            task["export"] = {**export, "as": f'($context // {{}}) + {{"{name}": ({inner})}}'}


def _texts(value: Json, key: str = "") -> Json:
    """Texts with expressions inside them, and expressions with single quotes, as jq writes them."""
    if key in _RAW:
        return value
    if isinstance(value, Mapping):
        return {name: _texts(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return _text(value) if isinstance(value, str) and "${" in value else value


def _text(text: str) -> str:
    parts = _EMBEDDED.findall(text)
    if any(_PLACEHOLDER.match(part.strip()) for part in parts):
        return text
    if is_expression(text) and len(parts) <= 1:
        return text if _compiles(text) else text.replace("'", '"')
    pieces, end = [], 0
    for match in _EMBEDDED.finditer(text):
        pieces += [_escaped(text[end : match.start()]), f"\\({match.group(1).strip()})"]
        end = match.end()
    return '${ "' + "".join([*pieces, _escaped(text[end:])]) + '" }'


def _compiles(text: str) -> bool:
    try:
        compile_expression(text)
    except ExpressionInvalidError:
        return False
    return True


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
