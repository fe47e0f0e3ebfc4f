"""Nodes to messages, by the message's descriptor alone: no kind of resource is known here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from stigmer_cli.manifest.documents import describe, entries, line_of, scalar
from stigmer_cli.manifest.problems import Problems
from stigmer_cli.manifest.scalars import WrongValueError, convert_scalar, text
from stigmer_cli.suggestions import did_you_mean

MAX_EXACT_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is: in the words of the contract (spec.skill_refs) and as it was written (spec.skillRefs)."""

    canonical: str = ""
    written: str = ""

    def field(self, name: str, key: str) -> Place:
        """The place of a field."""
        return Place(f"{self.canonical}.{name}".lstrip("."), f"{self.written}.{key}".lstrip("."))

    def item(self, index: int | str) -> Place:
        """The place of a list item or a map entry."""
        return Place(f"{self.canonical}[{index!r}]", f"{self.written}[{index!r}]")


@dataclass(slots=True)
class Converter:
    """Fills messages from nodes.

    lines: line of every field that was written, and how it was written, by canonical path. wrong: canonical paths of
    what did not fit. Both serve those who check the message afterwards.
    """

    problems: Problems
    lines: dict[str, tuple[int, str]] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)

    def fill(self, message: Message, node: Node, place: Place) -> None:
        """Fill a message from a mapping; what does not fit becomes a problem and is left out."""
        if not isinstance(node, MappingNode):
            self._wrong(node, place, f"expected a mapping, found {describe(node)}")
            return
        known = _fields(message)
        chosen: dict[str, str] = {}
        for key, (key_node, value) in entries(node, place.written, self.problems).items():
            item = known.get(key)
            if item is None:
                near = did_you_mean(key, [each.json_name for each in message.DESCRIPTOR.fields])
                self._wrong(key_node, place.field(key, key), f"unknown field.{near}")
                continue
            here = place.field(item.name, key)
            choice = item.containing_oneof.name if item.containing_oneof else item.name
            if choice in chosen:
                self._wrong(key_node, here, f"only one of this and {chosen[choice]} can be given")
                continue
            self.lines[here.canonical] = (line_of(key_node), here.written)
            if isinstance(value, ScalarNode) and scalar(value) is None:
                continue  # nothing, as in JSON: the field is not set
            chosen[choice] = key
            self._field(message, item, value, here)

    def _field(self, message: Message, item: FieldDescriptor, node: Node, place: Place) -> None:
        if _is_map(item):
            self._map(message, item, node, place)
        elif item.is_repeated:
            self._list(message, item, node, place)
        elif item.message_type is not None:
            target = getattr(message, item.name)
            target.SetInParent()
            self._message(target, node, place)
        else:
            self._set(lambda value: setattr(message, item.name, value), item, node, place)

    def _set(self, store: Any, item: FieldDescriptor, node: Node, place: Place) -> None:
        try:
            store(convert_scalar(node, item))
        except WrongValueError as error:
            self._wrong(node, place, str(error))

    def _list(self, message: Message, item: FieldDescriptor, node: Node, place: Place) -> None:
        if not isinstance(node, SequenceNode):
            self._wrong(node, place, f"expected a list, found {describe(node)}")
            return
        target = getattr(message, item.name)
        for index, each in enumerate(node.value):
            here = place.item(index)
            self.lines[here.canonical] = (line_of(each), here.written)
            if item.message_type is not None:
                self._message(target.add(), each, here)
            else:
                self._set(target.append, item, each, here)

    def _map(self, message: Message, item: FieldDescriptor, node: Node, place: Place) -> None:
        if not isinstance(node, MappingNode):
            self._wrong(node, place, f"expected a mapping, found {describe(node)}")
            return
        target = getattr(message, item.name)
        entry: Any = item.message_type
        value_field: FieldDescriptor = entry.fields_by_name["value"]
        for key, (key_node, value) in entries(node, place.written, self.problems).items():
            here = place.item(key)
            self.lines[here.canonical] = (line_of(key_node), here.written)
            if value_field.message_type is not None:
                self._message(target[key], value, here)
            else:
                self._set(lambda found, key=key: target.__setitem__(key, found), value_field, value, here)

    def _message(self, message: Message, node: Node, place: Place) -> None:
        """Fill a nested message; the well-known ones have a form of their own."""
        try:
            if isinstance(message, struct_pb2.Struct):
                _struct(message, node)
            elif isinstance(message, struct_pb2.Value):
                message.CopyFrom(_value(node))
            elif isinstance(message, struct_pb2.ListValue):
                message.CopyFrom(_list_value(node))
            elif isinstance(message, timestamp_pb2.Timestamp | duration_pb2.Duration):
                _moment(message, node)
            else:
                self.fill(message, node, place)
        except WrongValueError as error:
            self._wrong(node, place, str(error))

    def _wrong(self, node: Node, place: Place, message: str) -> None:
        self.wrong.add(place.canonical)
        self.problems.add(line_of(node), place.written, message)


def _struct(message: struct_pb2.Struct, node: Node) -> None:
    if not isinstance(node, MappingNode):
        raise WrongValueError(f"expected a mapping, found {describe(node)}")
    message.CopyFrom(_value(node).struct_value)


def _fields(message: Any) -> dict[str, FieldDescriptor]:
    """Return fields by both their names: as in the contract (snake_case) and as in JSON (camelCase)."""
    return {name: item for item in message.DESCRIPTOR.fields for name in (item.json_name, item.name)}


def _is_map(item: FieldDescriptor) -> bool:
    return bool(item.is_repeated and item.message_type is not None and item.message_type.GetOptions().map_entry)


def _value(node: Node) -> struct_pb2.Value:
    """Return free-form data; only what a protobuf Struct holds exactly is accepted."""
    if isinstance(node, MappingNode):
        ignored = Problems("")
        fields = {key: _value(value) for key, (_, value) in entries(node, "", ignored).items()}
        if ignored.found:
            first = ignored.found[0]
            raise WrongValueError(f"line {first.line}: {first.message}")
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
    if isinstance(node, SequenceNode):
        return struct_pb2.Value(list_value=_list_value(node))
    found = scalar(node)
    if found is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(found, bool):
        return struct_pb2.Value(bool_value=found)
    if isinstance(found, str):
        return struct_pb2.Value(string_value=found)
    if abs(found) > MAX_EXACT_INTEGER or not math.isfinite(found):
        raise WrongValueError(f"line {line_of(node)}: {node.value} cannot be kept exactly here: put it in quotes")
    return struct_pb2.Value(number_value=found)


def _list_value(node: Node) -> struct_pb2.ListValue:
    if not isinstance(node, SequenceNode):
        raise WrongValueError(f"expected a list, found {describe(node)}")
    return struct_pb2.ListValue(values=[_value(item) for item in node.value])


def _moment(message: timestamp_pb2.Timestamp | duration_pb2.Duration, node: Node) -> None:
    example = "2026-01-31T12:00:00Z" if isinstance(message, timestamp_pb2.Timestamp) else "30s"
    try:
        message.FromJsonString(text(node))
    except ValueError as error:
        raise WrongValueError(f'expected a text like "{example}", found {describe(node)}') from error
