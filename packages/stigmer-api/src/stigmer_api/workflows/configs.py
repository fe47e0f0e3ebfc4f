"""The config of an uploaded task: free-form JSON on the wire, held here against the message of its kind.

Every unknown field, wrong value and broken rule is found at once, at its place; nested tasks are checked the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError, SerializeToJsonError

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.problems import Problem, child, listed, shortened
from stigmer_api.messages import message_class
from stigmer_api.validation import violations
from stigmer_api.workflows.kinds import KIND_BY_NUMBER, TaskKind

_TASK: Final = "ai.stigmer.agentic.workflow.v1.WorkflowTask"
_FREE_FORM: Final = frozenset({f"google.protobuf.{name}" for name in ("Struct", "Value", "ListValue")})
_SPELLED: Final = frozenset({"google.protobuf.Timestamp", "google.protobuf.Duration"})
_STEP = re.compile(r"""\.?([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]""")
_INTEGERS: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_DECIMALS: Final = frozenset({FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE})


@dataclass(slots=True)
class Configs:
    """Checks tasks and collects what is wrong; `tasks` are the pointers of all tasks, nested ones too."""

    problems: list[Problem] = field(default_factory=list)
    tasks: set[str] = field(default_factory=set)

    def task(self, task: Any, pointer: str) -> dict[str, Json]:
        """Check the config of a WorkflowTask message; gives the task as JSON with its fields named as in the contract.

        The task's own fields are not checked: the rules of the message around it cover them.
        """
        self.tasks.add(pointer)
        place = child(pointer, "task_config")
        try:
            found: dict[str, Json] = MessageToDict(task, preserving_proto_field_name=True)
        except SerializeToJsonError:
            self.problems.append(Problem(place, "holds a number that JSON does not have"))
            return {"name": task.name}
        for index, undo in enumerate(task.compensate):
            found["compensate"][index] = self.task(undo, child(pointer, "compensate", index))
        kind = KIND_BY_NUMBER.get(task.kind)
        if kind is None:
            if task.kind:
                self.problems.append(Problem(child(pointer, "kind"), f"there is no task kind {task.kind}"))
            return found
        before = len(self.problems)
        config: Any = message_class(kind.config)()
        _Filler(self.problems).fill(config, found.get("task_config") or {}, place)
        known = [problem.pointer for problem in self.problems[before:]]
        for item in violations(config):
            where = place + pointer_of(item.field)
            if not any(told == where or told.startswith(f"{where}/") for told in known):
                self.problems.append(Problem(where, item.description))
        found["task_config"] = self._with_nested(config, kind, place)
        return found

    def task_of(self, pointer: str) -> str:
        """The pointer of the task that a place belongs to; empty when it belongs to none."""
        while pointer and pointer not in self.tasks:
            pointer = pointer.rpartition("/")[0]
        return pointer

    def _with_nested(self, config: Any, kind: TaskKind, place: str) -> dict[str, Json]:
        """The config as JSON, with the tasks inside it checked too."""
        value: dict[str, Json] = MessageToDict(config, preserving_proto_field_name=True)
        for path in kind.task_lists:
            self._nested(config, value, place, path)
        return value

    def _nested(self, message: Any, value: Json, place: str, path: tuple[str, ...]) -> None:
        name, rest = path[0], path[1:]
        if name not in value:
            return
        inner, where = getattr(message, name), child(place, name)
        if not rest:
            value[name] = [self.task(task, child(where, i)) for i, task in enumerate(inner)]
        elif isinstance(value[name], list):
            for index, item in enumerate(inner):
                self._nested(item, value[name][index], child(where, index), rest)
        else:
            self._nested(inner, value[name], where, rest)


class _Filler:
    """Fills a message from JSON values, by its descriptor alone."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def fill(self, message: Any, value: Json, pointer: str) -> None:
        """Fill a message from an object; what does not fit is noted and left out."""
        if not isinstance(value, Mapping):
            self._wrong(pointer, f"must be an object, not {_kind(value)}")
            return
        known = {name: item for item in message.DESCRIPTOR.fields for name in (item.json_name, item.name)}
        chosen: dict[str, str] = {}
        for key, item in sorted(value.items()):  # maps have no order, and the same spec has the same problems
            target = known.get(key)
            place = child(pointer, key if target is None else target.name)
            if target is None:
                self._wrong(place, _unknown(key, [each.name for each in message.DESCRIPTOR.fields]))
                continue
            choice = target.containing_oneof.name if target.containing_oneof else target.name
            if chosen.setdefault(choice, key) != key:
                self._wrong(place, f"only one of {chosen[choice]} and {key} can be given")
            elif item is not None:
                self._field(message, target, item, place)

    def _field(self, message: Any, target: FieldDescriptor, value: Json, pointer: str) -> None:
        if target.is_repeated and target.message_type is not None and target.message_type.GetOptions().map_entry:
            self._map(getattr(message, target.name), target, value, pointer)
        elif target.is_repeated:
            if not isinstance(value, list):
                self._wrong(pointer, f"must be a list, not {_kind(value)}")
                return
            items = getattr(message, target.name)
            for index, item in enumerate(value):
                place = child(pointer, index)
                if target.message_type is not None:
                    self._message(items.add(), item, place)
                else:
                    self._scalar(items.append, target, item, place)
        elif target.message_type is not None:
            inner = getattr(message, target.name)
            inner.SetInParent()
            self._message(inner, value, pointer)
        else:
            self._scalar(lambda found: setattr(message, target.name, found), target, value, pointer)

    def _map(self, items: Any, target: FieldDescriptor, value: Json, pointer: str) -> None:
        if not isinstance(value, Mapping):
            self._wrong(pointer, f"must be an object, not {_kind(value)}")
            return
        entry: Any = target.message_type
        of = entry.fields_by_name["value"]
        for key, item in sorted(value.items()):
            place = child(pointer, key)
            if of.message_type is not None:
                self._message(items[key], item, place)
            else:
                self._scalar(lambda found, key=key: items.__setitem__(key, found), of, item, place)

    def _message(self, message: Any, value: Json, pointer: str) -> None:
        name = message.DESCRIPTOR.full_name
        if name not in _FREE_FORM | _SPELLED:
            self.fill(message, value, pointer)
            return
        if name in _SPELLED and not isinstance(value, str):
            self._wrong(pointer, f"must be text, not {_kind(value)}")
            return
        if name == "google.protobuf.Struct" and not isinstance(value, Mapping):
            self._wrong(pointer, f"must be an object, not {_kind(value)}")
            return
        try:
            ParseDict(value, message)
        except (ParseError, ValueError) as error:
            example = "2030-01-31T12:00:00Z" if name.endswith("Timestamp") else "30s"
            hint = f"must be text like {example}" if name in _SPELLED else str(error)
            self._wrong(pointer, f"{hint}, not {value!r}" if name in _SPELLED else hint)

    def _scalar(self, store: Any, target: FieldDescriptor, value: Json, pointer: str) -> None:
        try:
            store(_converted(target, value))
        except ValueError as error:
            self._wrong(pointer, str(error))

    def _wrong(self, pointer: str, message: str) -> None:
        self._problems.append(Problem(pointer, shortened(message, 1_000)))


def _converted(target: FieldDescriptor, value: Json) -> Any:
    """The value of a scalar field. Raises ValueError with what is expected."""
    expected = target.cpp_type
    if target.enum_type is not None:
        return _enum(target.enum_type, value)
    if expected == FieldDescriptor.CPPTYPE_STRING:
        if isinstance(value, str):
            return value
        raise ValueError(f"must be text, not {_kind(value)}{_quoted(value)}")
    if expected == FieldDescriptor.CPPTYPE_BOOL:
        if isinstance(value, bool):
            return value
        raise ValueError(f"must be true or false, not {_kind(value)}")
    number = float(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"must be a number, not {_kind(value)}")  # noqa: TRY004 - the same
    if expected in _DECIMALS:
        return number
    low, high = _INTEGERS[expected]
    if isinstance(number, float) and not number.is_integer():
        raise ValueError(f"must be a whole number, not {number!r}")
    whole = int(value) if isinstance(value, str) else int(number)
    if not low <= whole <= high:
        raise ValueError(f"must be a whole number from {low} to {high}, not {whole}")
    return whole


def _enum(enum: EnumDescriptor, value: Json) -> int:
    if isinstance(value, str) and value in enum.values_by_name:
        return int(enum.values_by_name[value].number)
    if isinstance(value, int | float) and not isinstance(value, bool) and value in enum.values_by_number:
        return int(value)
    names = [item.name for item in enum.values if item.number]
    near = get_close_matches(str(value)[:100].upper(), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"must be one of {listed(names)}, not {shortened(repr(value))}{hint}")


def _unknown(key: str, names: list[str]) -> str:
    near = get_close_matches(key[:100], names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]}?" if near else f": use {listed(names)}"
    return f"unknown field {shortened(key)!r}{hint}"


def _quoted(value: Json) -> str:
    scalar = isinstance(value, bool | int | float)
    return f": write it in quotes, {str(value).lower()!r}" if scalar else ""


def _kind(value: Json) -> str:
    if value is None:
        return "empty"
    names = {bool: "a boolean", str: "text", list: "a list", int: "a number", float: "a number"}
    return names.get(type(value), "an object")


def pointer_of(path: str) -> str:
    """The JSON pointer of a field path such as `cases[0].name` or `headers["A"]`."""
    steps = [next(part for part in match.groups() if part is not None) for match in _STEP.finditer(path)]
    return child("", *steps)


def path_of(pointer: str, root: str = "spec") -> str:
    """The field path of a JSON pointer: `/tasks/0/task_config/uri` is `spec.tasks[0].task_config.uri`."""
    text = root
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if name.isdecimal():
            text += f"[{name}]"
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            text += f".{name}"
        else:
            text += f'["{name}"]'
    return text
