"""References between resources: by id, by slug and by (org, kind, slug), checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.message import Message
from rapidfuzz import fuzz, process, utils

from stigmer_api.errors import ApiError, FieldViolation, InvalidArgument, NotFound
from stigmer_api.kinds import Kind, kind_by_key, kind_by_number, kind_of_id
from stigmer_server.resources.metadata import is_id_of

if TYPE_CHECKING:
    from stigmer_store import ResourceRecord

__all__ = ["Problems", "named_references", "near_matches", "near_names", "not_found"]

_REFERENCE = "ai.stigmer.commons.apiresource.ApiResourceReference"
_MOST_SUGGESTIONS = 3
_LEAST_SCORE = 60

# Which kind a reference field means when the reference itself does not say: the last word before _ref(s).
_KIND_BY_FIELD = {
    "skill_refs": "skill",
    "environment_refs": "environment",
    "mcp_server_ref": "mcp_server",
    "agent_ref": "agent",
    "workflow_ref": "workflow",
}


def near_matches(text: str, candidates: Iterable[ResourceRecord]) -> list[str]:
    """Slugs of the candidates whose slug or name looks like `text`, best first, at most three."""
    names: dict[str, str] = {}
    for record in candidates:
        names[record.slug] = record.slug
        names.setdefault(record.name, record.slug)
    found = near_names(text, list(names), limit=3 * _MOST_SUGGESTIONS)
    return list(dict.fromkeys(names[name] for name in found))[:_MOST_SUGGESTIONS]


def near_names(text: str, names: list[str], limit: int = _MOST_SUGGESTIONS) -> list[str]:
    """Those of `names` that look like `text`, best first."""
    found = process.extract(
        text,
        names,
        scorer=fuzz.WRatio,
        processor=utils.default_process,
        score_cutoff=_LEAST_SCORE,
        limit=limit,
    )
    return [name for name, _score, _index in found]


def not_found(kind: Kind, text: str, org: str, candidates: Iterable[ResourceRecord]) -> NotFound:
    """NotFound for an id or slug, with near matches in text and metadata."""
    other = kind_of_id(text)
    metadata = {"kind": kind.name, "name": text}
    if is_id_of(kind, text):
        return NotFound(f"{kind.name} {text} does not exist", metadata=metadata)
    if other is not None and is_id_of(other, text):
        return NotFound(f"{text} is the id of {_a(other)}, not of {_a(kind)}", metadata=metadata)
    suggestions = near_matches(text, candidates)
    message = f"{kind.name} {text!r} does not exist" + (f" in org {org!r}" if org else "")
    if suggestions:
        metadata["suggestions"] = ",".join(suggestions)
        message += f"; did you mean {' or '.join(suggestions)}?"
    return NotFound(message, metadata=metadata)


def _a(kind: Kind) -> str:
    return f"{'an' if kind.name[0] in 'AEIOU' else 'a'} {kind.name}"


@dataclass(slots=True)
class Problems:
    """Collects everything that is wrong with the references of one resource, to tell it all at once."""

    wrong: list[FieldViolation] = field(default_factory=list)
    missing: list[tuple[str, NotFound]] = field(default_factory=list)

    def raise_if_any(self) -> None:
        """NotFound when things are only missing, InvalidArgument when something is wrong by itself."""
        violations = [*self.wrong, *(FieldViolation(path, error.message) for path, error in self.missing)]
        if not violations:
            return
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        first = violations[0]
        kind: type[ApiError] = InvalidArgument if self.wrong else NotFound
        metadata: Mapping[str, str] = self.missing[0][1].metadata if self.missing else {}
        raise kind(
            f"{first.field}: {first.description}{more}",
            reason="REFERENCE_NOT_FOUND" if kind is NotFound else "",
            metadata=metadata,
            violations=violations,
        )


def named_references(message: Message, path: str) -> Iterator[tuple[str, Any, Kind | None, Kind | None]]:
    """Every ApiResourceReference inside a message: (path, reference, kind the field wants, kind the reference says).

    A kind that this server does not have counts as not said.
    """
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        here = f"{path}.{descriptor.name}"
        for where, item in _messages(here, descriptor, value):
            if item.DESCRIPTOR.full_name == _REFERENCE:
                yield where, item, _wanted(descriptor.name), _said(cast("Any", item).kind)
            elif item.DESCRIPTOR.full_name.startswith("ai.stigmer."):
                yield from named_references(item, where)


def _messages(path: str, descriptor: Any, value: Any) -> Iterator[tuple[str, Message]]:
    if descriptor.message_type.GetOptions().map_entry:
        for key, item in value.items():
            if isinstance(item, Message):
                yield f'{path}["{key}"]', item
    elif descriptor.is_repeated:
        for index, item in enumerate(value):
            yield f"{path}[{index}]", item
    else:
        yield path, value


def _wanted(field_name: str) -> Kind | None:
    key = _KIND_BY_FIELD.get(field_name)
    return kind_by_key(key) if key else None


def _said(number: int) -> Kind | None:
    try:
        return kind_by_number(number)
    except KeyError:
        return None
