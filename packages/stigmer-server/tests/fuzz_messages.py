"""Random requests in wire format, made from descriptors: mostly well-formed with hostile values, partly broken.

They are written byte by byte, because no message class would take invalid UTF-8, wrong wire types or endless nesting.
The same seed gives the same requests as long as the same ids and page tokens were learnt from the answers.
"""

from __future__ import annotations

import random
import struct
from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor as Field

from stigmer_api.kinds import API_VERSION, KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stigmer_api.methods import Method

_VARINT, _I64, _LEN, _SGROUP, _EGROUP, _I32 = range(6)
_WIRE_TYPES = {
    Field.TYPE_DOUBLE: _I64,
    Field.TYPE_FIXED64: _I64,
    Field.TYPE_SFIXED64: _I64,
    Field.TYPE_FLOAT: _I32,
    Field.TYPE_FIXED32: _I32,
    Field.TYPE_SFIXED32: _I32,
    Field.TYPE_STRING: _LEN,
    Field.TYPE_BYTES: _LEN,
    Field.TYPE_MESSAGE: _LEN,
}
_INTEGERS = (0, 1, 2, 3, 7, 50, 1000, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 2**31)
_DOUBLES = (0.0, -0.0, 1.0, -1.5, 1e308, 5e-324, float("inf"), float("-inf"), float("nan"))
_TEXTS = (
    "",
    "a",
    "\0",
    "a\0b",
    "local",
    "Hello World",
    "../../etc/passwd",
    "%00%2e%2e/",
    "'; DROP TABLE resources; --",
    "%_\\",
    "\u202etxt.exe",
    "\U0001f469\u200d\U0001f4bb" * 5,
    "e\u0301" * 40,
    "\ufeff\uffff",
    "2026-02-30T25:61:61Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "P1Y2M3DT4H5M6S",
    "1e999",
    "-1",
    "NaN",
    "${ .a.b[0] | error }",
    "[" * 2000,
    '{"a":' * 500,
    '{"a": [1, 2.5, null, "x"]}',
    "x" * 64,
    "x" * 600,
    "x" * 1100,
    "http://[::1",
    "* * * * *",
    "you are a helper that answers",
)
_SOURCES = (
    "document: {dsl: '1.0.0', namespace: examples, name: hello, version: '0.1.0'}\ndo: [{a: {set: {b: 1}}}]\n",
    "document: {dsl: '1.0.0', namespace: examples, name: hello, version: '0.1.0'}\ndo: {}\n",
    "document: 1\ndo: 2\n",
    "do: [" + "[" * 400,
    "a: &a [x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c]\ndocument: *d\ndo: *d\n",
    "&a {document: *a, do: *a}",
    "!!python/object/apply:os.system [id]",
    "? [a, b]\n: c\n2026-01-01: .nan\n0x10: .inf\n<<: {a: 1}\n",
    "document: {name: 2026-01-01}\ndo: [1, 2]\n---\nsecond: 1\n",
    "\t- bad\n  indent",
)
_MODEST_INTEGERS = (0, 0, 0, 1, 2, 3, 50)
_HOSTILITY = (0.01, 0.05, 0.3)
"""Share of hostile values in a request; each request draws one. The calm ones reach what lies behind the checks."""
_WORDS = ("KEY", "thing", "some words that say a little more")
_FITTING: dict[str, tuple[str, ...]] = {
    "source": _SOURCES[:1],
    "org": ("local", "local", "local", "other"),
    "at": ("2026-01-01T00:00:00Z", "2026-11-20T12:00:00.5+01:00"),
    "json": ("{}", '{"a": [1, 2.5, null, "x"]}', "[" * 100),
    "version": ("", "latest", "v1"),
}
"""Texts by the name of a field, or by the last word of it."""
_RULES = "buf.validate.field"
_DEEPEST = 6
_LARGEST_POOL = 40
_PREFIX_BY_FIELD = {f"{kind.key}_id": kind.id_prefix for kind in KINDS}
_PREFIX_BY_PACKAGE = {kind.package: kind.id_prefix for kind in KINDS}


class Requests:
    """Makes requests; learns ids and page tokens from answers, so that later requests reach what is stored."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ids: dict[str, list[str]] = {}
        self.tokens: list[str] = []
        self._hostility = 0.0
        self._prefix = ""
        self._slugs = [f"thing-{number}" for number in range(60)]
        self._kind_of_message = {kind.full_name: kind for kind in KINDS}
        self._mutations: tuple[Callable[[bytes], bytes], ...] = (
            self._truncated,
            self._flipped,
            self._with_unknown_fields,
            self._with_junk,
            self._twice,
            self._nested,
            self._junk,
        )

    def learn(self, message: Any) -> None:
        """Keep the id and the page token of an answer."""
        fields = message.DESCRIPTOR.fields_by_name
        if "metadata" in fields and "spec" in fields:
            prefix = message.metadata.id.partition("-")[0]
            self._keep(self.ids.setdefault(prefix, []), message.metadata.id)
        if "next_page_token" in fields:
            self._keep(self.tokens, message.next_page_token)

    def request(self, method: Method) -> bytes:
        """One request of a method, broken in one case of six."""
        self._hostility = self.random.choice(_HOSTILITY)
        self._prefix = _PREFIX_BY_PACKAGE.get(method.service.rpartition(".")[0], "")
        body = self._message(method.request.DESCRIPTOR, 0)
        if self.random.random() < 1 / 6:
            body = self.random.choice(self._mutations)(body)
        return body

    def _keep(self, pool: list[str], text: str) -> None:
        if not text:
            return
        if len(pool) < _LARGEST_POOL:
            pool.append(text)
        else:
            pool[self.random.randrange(_LARGEST_POOL)] = text

    def _hostile(self) -> bool:
        return self.random.random() < self._hostility

    # -- well-formed

    def _message(self, descriptor: Any, depth: int) -> bytes:
        likely = 0.6 if depth < 2 else 0.35 if depth < _DEEPEST else 0.0
        kind = self._kind_of_message.get(descriptor.full_name)
        parts: list[bytes] = []
        for field in descriptor.fields:
            wanted = _needed(field) or (kind is not None and field.name in {"api_version", "kind", "metadata", "spec"})
            if self._hostile() if wanted else self.random.random() > likely:
                continue
            if kind is not None and field.name in {"api_version", "kind"} and not self._hostile():
                text = API_VERSION if field.name == "api_version" else kind.name
                parts.append(_length_delimited(field.number, text.encode()))
            else:
                parts.append(self._field(field, depth))
        if self._hostile():
            self.random.shuffle(parts)
        return b"".join(parts)

    def _field(self, field: Any, depth: int) -> bytes:
        if not field.is_repeated:
            return _tag(field.number, _wire_type(field)) + self._value(field, depth)
        count = self.random.choice((1, 1, 2, 3)) if self.random.random() < 0.998 else 300
        if _wire_type(field) != _LEN and self.random.random() < 0.7:
            return _length_delimited(field.number, b"".join(self._value(field, depth) for _ in range(count)))
        return b"".join(_tag(field.number, _wire_type(field)) + self._value(field, depth) for _ in range(count))

    def _value(self, field: Any, depth: int) -> bytes:
        kind = field.type
        if kind == Field.TYPE_MESSAGE:
            if field.message_type.full_name == "google.protobuf.Value" and self._hostile():
                return _counted(_deep_value(self.random.choice((10, 40, 46, 48, 50, 500))))
            return _counted(self._message(field.message_type, depth + 1))
        if kind == Field.TYPE_STRING:
            return _counted(self._text(field))
        if kind == Field.TYPE_BYTES:
            return _counted(self._bytes())
        return self._number(field)

    def _number(self, field: Any) -> bytes:
        if field.type == Field.TYPE_ENUM:
            return _varint(self._enum(field))
        if field.type == Field.TYPE_BOOL:
            return _varint(2**63 if self._hostile() else self.random.choice((0, 1)))
        if _wire_type(field) == _I64:
            return struct.pack("<d", self.random.choice(_DOUBLES))
        if _wire_type(field) == _I32:
            return struct.pack("<f", self.random.choice((0.0, 1.5, float("nan"), float("-inf"))))
        return _varint(self.random.choice(_INTEGERS if self._hostile() else _MODEST_INTEGERS))

    def _enum(self, field: Any) -> int:
        if self._hostile():
            return self.random.choice((0, -1 % 2**64, 99, 9999, 2**31 - 1, 2**64 - 2**31))
        values = [value.number for value in field.enum_type.values if value.number > 0] or [0]
        return int(self.random.choice(values))

    def _text(self, field: Any) -> bytes:
        if not self._hostile():
            text = self._fitting(field.name)
            return (text if len(text) >= _least_length(field) else f"{text} and some more words").encode()
        dice = self.random.random()
        if dice < 0.05:
            return self.random.choice((b"\xff\xfe", b"ok\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\x80"))
        if dice < 0.06:
            return b"y" * self.random.choice((70_000, 300_000))
        return self.random.choice(_TEXTS).encode()

    def _fitting(self, name: str) -> str:
        """A text that a field of this name may well take."""
        if name in {"id", "value", "resource_id"} or name.endswith("_id"):
            return self._id(_PREFIX_BY_FIELD.get(name, self._prefix))
        if name == "source" and self._hostile():
            return self.random.choice(_SOURCES)
        fitting: Sequence[str] = _FITTING.get(name, ()) or _FITTING.get(name.rpartition("_")[2], _WORDS)
        if name == "page_token":
            fitting = ("",) if not self.tokens or self.random.random() < 0.6 else self.tokens
        elif name in {"slug", "name", "mcp_server"}:
            fitting = self._slugs
        return self.random.choice(fitting)

    def _id(self, prefix: str) -> str:
        pool = self.ids.get(prefix, [])
        if pool and self.random.random() < 0.9:
            return self.random.choice(pool)
        others = [text for found in self.ids.values() for text in found[:3]]
        return self.random.choice([*others, *self._slugs[:3]])

    def _bytes(self) -> bytes:
        return self.random.choice((b"", b"\0", b"PK\x03\x04" + b"\0" * 30, self.random.randbytes(200), b"\xff" * 5000))

    # -- broken

    def _truncated(self, body: bytes) -> bytes:
        return body[: self.random.randrange(len(body) + 1)]

    def _flipped(self, body: bytes) -> bytes:
        changed = bytearray(body)
        for _ in range(min(len(changed), self.random.choice((1, 1, 3, 20)))):
            changed[self.random.randrange(len(changed))] = self.random.randrange(256)
        return bytes(changed)

    def _with_unknown_fields(self, body: bytes) -> bytes:
        unknown = (
            _tag(50_000, _VARINT) + _varint(2**64 - 1),
            _length_delimited(60_001, self.random.randbytes(40)),
            _tag(536_870_911, _I64) + b"\1" * 8,
            _tag(70_000, _I32) + b"\1" * 4,
            _tag(70_001, _SGROUP) + _tag(1, _VARINT) + _varint(1) + _tag(70_001, _EGROUP),
        )
        return body + b"".join(self.random.choices(unknown, k=self.random.choice((1, 3, 200))))

    def _with_junk(self, body: bytes) -> bytes:
        place = self.random.randrange(len(body) + 1)
        return body[:place] + self.random.randbytes(self.random.choice((1, 4, 50))) + body[place:]

    def _twice(self, body: bytes) -> bytes:
        return body + body

    def _nested(self, body: bytes) -> bytes:
        """Groups or messages inside each other: within what parsers take, at their limit, or far beyond."""
        depth = self.random.choice((30, 90, 99, 100, 101, 5000))
        if self.random.random() < 0.5:
            return body + _tag(9, _SGROUP) * depth + _tag(9, _EGROUP) * depth
        inner = b""
        for _ in range(min(depth, 1000)):
            inner = _length_delimited(self.random.choice((2, 3, 4, 5, 6)), inner)
        return body + inner

    def _junk(self, _body: bytes) -> bytes:
        return self.random.randbytes(self.random.choice((0, 1, 10, 1000)))


def _deep_value(depth: int) -> bytes:
    """A google.protobuf.Value of lists inside each other; each list is two messages deep."""
    value = b""
    for _ in range(depth):
        value = _length_delimited(6, _length_delimited(1, value))
    return value


@cache
def _rules(field: Any) -> Any:
    """The rules of a field (buf.validate), None when it has none."""
    return {option.full_name: value for option, value in field.GetOptions().ListFields()}.get(_RULES)


def _needed(field: Any) -> bool:
    """Whether a request without this field is refused."""
    rules = _rules(field)
    if rules is None:
        return False
    return bool(rules.required or rules.string.min_len or 0 in rules.enum.not_in or rules.repeated.min_items)


def _least_length(field: Any) -> int:
    rules = _rules(field)
    return 0 if rules is None else int(rules.string.min_len)


def _wire_type(field: Any) -> int:
    return _WIRE_TYPES.get(field.type, _VARINT)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _tag(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _counted(body: bytes) -> bytes:
    return _varint(len(body)) + body


def _length_delimited(number: int, body: bytes) -> bytes:
    return _tag(number, _LEN) + _counted(body)
