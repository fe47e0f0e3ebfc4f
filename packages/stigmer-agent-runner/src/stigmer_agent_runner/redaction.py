"""Keeps secret values out of everything that leaves a run: reports, checkpoints, prompts, logs, Temporal.

A secret is found as it is and in the forms that tools give it: base64 (at each of the three places it may stand in a
longer text, also broken into lines), URL-encoded, escaped as JSON, HTML or Python, and hexadecimal. It becomes
`[secret:NAME]`. Values shorter than MIN_LENGTH are not searched for: they would be found in innocent text. Texts that
grow are cut where a secret may have begun. What else a program makes of a secret (reversed, encrypted) is not found.
"""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stigmer_api.secret_forms import base64_forms, text_forms

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["ACTIVE", "MIN_LENGTH", "NOTHING", "ActiveSecrets", "Redactor", "redact_message"]

MIN_LENGTH = 6
"""Characters that a value must have to be searched for."""

_MARK = r"\[secret:[^\[\]\s]*\]"
_RECENT = 8
"""Sets of secrets of ended runs that are still redacted from logs and Temporal."""

_LINE_ENDS = ("\r\n", "\n", "\\r", "\\n")
_LINE_END = r"(?:\r?\n|\\r|\\n)*"


class Redactor:
    """Takes known secrets out of texts. Immutable."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """`secrets`: values by name."""
        found: dict[str, str] = {}
        self._broken: dict[str, str] = {}
        for name, value in sorted(secrets.items()):
            if len(value) < MIN_LENGTH:
                continue
            mark = f"[secret:{name}]"
            for form in text_forms(value):
                found.setdefault(form, mark)
            for form in base64_forms(value):
                found.setdefault(form, mark)
                self._broken.setdefault(form, mark)
        self._marks = found
        self._forms = sorted(found.items(), key=lambda item: -len(item[0]))
        self._longest = max(map(len, found), default=0)
        self._starts = {form[0] for form in found}
        self._prefixes: set[str] = {form[:MIN_LENGTH] for form in found}

    def __bool__(self) -> bool:
        """Whether there is anything to search for."""
        return bool(self._forms)

    def text(self, text: str) -> str:
        """Return `text` without any secret. What is redacted already stays as it is."""
        if not self._forms or len(text) < MIN_LENGTH:
            return text
        present = [form for form, _ in self._forms if form in text]
        if present:
            pattern = "|".join((_MARK, *map(re.escape, present)))
            text = re.sub(pattern, lambda found: self._marks.get(found[0], found[0]), text)
        return self._without_broken(text)

    def growing(self, text: str) -> str:
        """Return a text that more may follow, cut before what may be the beginning of a secret."""
        text = self.text(text)
        if not self._forms:
            return text
        for at in range(max(0, len(text) - self._longest + 1), len(text)):
            if text[at] in self._starts and self._begins(text[at:]):
                return text[:at]
        return text

    def value(self, value: Any) -> Any:
        """Return data (mappings, lists, texts) without any secret."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def _begins(self, tail: str) -> bool:
        start = tail[:MIN_LENGTH]
        if len(start) == MIN_LENGTH and start not in self._prefixes:
            return False
        return any(form.startswith(tail) for form, _ in self._forms)

    def _without_broken(self, text: str) -> str:
        """Find base64 that a tool broke into lines."""
        joined = text
        for end in _LINE_ENDS:
            joined = joined.replace(end, "")
        if len(joined) == len(text):
            return text
        for form, mark in self._broken.items():
            if form in joined:
                text = re.sub(_LINE_END.join(map(re.escape, form)), mark, text)
        return text


NOTHING = Redactor({})


class ActiveSecrets:
    """The secrets of all runs of this process that are under way or have just ended, for exits that serve them all:
    logs and Temporal, which hear of a run's failure when it is over."""

    def __init__(self) -> None:
        self._held: list[Mapping[str, str]] = []
        self._recent: deque[Mapping[str, str]] = deque(maxlen=_RECENT)
        self._redactor = NOTHING

    def hold(self, secrets: Mapping[str, str]) -> None:
        """Redact these for good: the process's own."""
        self._held.append(secrets)
        self._renew()

    @contextlib.contextmanager
    def holding(self, secrets: Mapping[str, str]) -> Iterator[None]:
        """Redact these too while the context lasts, and some time after."""
        self.hold(secrets)
        try:
            yield
        finally:
            self._held.remove(secrets)
            if secrets not in self._recent:
                self._recent.append(secrets)
                self._renew()

    def text(self, text: str) -> str:
        """Return `text` without any of the secrets."""
        return self._redactor.text(text)

    def _renew(self) -> None:
        names = {value: name for held in (*self._recent, *self._held) for name, value in held.items()}
        self._redactor = Redactor(_by_unique_name(names))


def _by_unique_name(names: Mapping[str, str]) -> dict[str, str]:
    """Turn names by value into values by name; two runs may give one name different values."""
    found: dict[str, str] = {}
    for value, name in names.items():
        unique, number = name, 2
        while unique in found:
            unique, number = f"{name}~{number}", number + 1
        found[unique] = value
    return found


ACTIVE = ActiveSecrets()
"""Of this process."""


def redact_message(message: Message, redactor: Redactor) -> None:
    """Take secrets out of every text of a protobuf message, in place, however deep: maps and Structs included."""
    if not redactor:
        return
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            _redact_map(field, value, redactor)
        elif field.is_repeated:
            _redact_list(value, redactor)
        elif field.message_type is not None:
            redact_message(value, redactor)
        elif isinstance(value, str):
            setattr(message, field.name, redactor.text(value))


def _redact_map(field: Any, entries: Any, redactor: Redactor) -> None:
    holds_messages = field.message_type.fields_by_name["value"].message_type is not None
    for key in list(entries):
        if holds_messages:
            redact_message(entries[key], redactor)
        elif isinstance(entries[key], str):
            entries[key] = redactor.text(entries[key])


def _redact_list(items: Any, redactor: Redactor) -> None:
    for at, item in enumerate(items):
        if isinstance(item, str):
            items[at] = redactor.text(item)
        elif hasattr(item, "ListFields"):
            redact_message(item, redactor)
