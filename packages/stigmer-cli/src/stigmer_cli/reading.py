"""Finds resources that a command line names and shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stigmer_api.kinds import Kind, kind_of_id
from stigmer_cli.client import ServerClient, full_name, is_id, name_of, parse_kind
from stigmer_cli.columns import created, header, resource_table, row
from stigmer_cli.errors import UsageError
from stigmer_cli.output import NONE, message_to_dict, to_json, to_yaml


@dataclass(frozen=True, slots=True)
class Selection:
    """One kind, and names or ids of it; no names mean all, narrowed by selectors."""

    kind: Kind
    names: tuple[str, ...] = ()
    labels: str = ""
    fields: str = ""


def select(word: str, names: Sequence[str], labels: Sequence[str] = (), fields: Sequence[str] = ()) -> Selection:
    """Understand KIND, KIND NAME…, KIND/NAME or an id. The server judges the selectors. Raises UsageError."""
    wanted = ",".join(labels)
    where = ",".join(fields)
    if is_id(word) and not names:
        kind = kind_of_id(word)
        if kind is not None:
            return Selection(kind, (word,))
    kind_word, slash, name = word.partition("/")
    kind = parse_kind(kind_word)
    if slash and (not name or names):
        raise UsageError(f"{word!r} is not KIND/NAME", hint=f"for example: {kind.name.lower()}/greeter")
    chosen = (name,) if slash else tuple(names)
    if (wanted or where) and chosen:
        raise UsageError("selectors narrow a list; names need none", hint="leave one of the two out")
    return Selection(kind, chosen, wanted, where)


def fetch(client: ServerClient, selection: Selection) -> list[Any]:
    """Return the resources; MissingError for a name that does not exist."""
    if selection.names:
        return [client.get(selection.kind, name) for name in selection.names]
    return list(client.list(selection.kind, selection.labels, selection.fields))


def show(selection: Selection, found: Sequence[Any], form: str) -> str:
    """Return the resources in a format. One that was named by itself is no list."""
    if form == "name":
        return "\n".join(full_name(selection.kind, item) for item in found)
    if form in {"json", "yaml"}:
        items = [message_to_dict(item) for item in found]
        body: Any = items[0] if len(selection.names) == 1 else items
        return to_json(body) if form == "json" else to_yaml(body)
    return resource_table(selection.kind, found, wide=form == "wide")


def show_change(selection: Selection, change: tuple[Any, bool], form: str) -> str:
    """Return one changed resource as one more row or document."""
    item, deleted = change
    if form == "json":
        return to_json({"deleted": deleted, "object": message_to_dict(item)})
    if form == "yaml":
        return "---\n" + to_yaml({"deleted": deleted, "object": message_to_dict(item)})
    if form == "name":
        return full_name(selection.kind, item)
    cells = row(selection.kind, item, wide=form == "wide")
    names = header(selection.kind, wide=form == "wide")
    line = "   ".join(cell.ljust(len(name)) for cell, name in zip(cells, names, strict=True))
    return line.rstrip() + ("   (deleted)" if deleted else "")


def describe(kind: Kind, message: Any) -> str:
    """Return a resource for reading: what it is first, then spec and status in full."""
    meta = message.metadata
    moment = created(message)
    facts = [
        ("Name", name_of(kind, message)),
        ("Kind", kind.name),
        ("Id", meta.id),
        ("Org", meta.org),
        ("Labels", ", ".join(f"{key}={value}" for key, value in sorted(meta.labels.items())) or NONE),
        ("Created", moment.isoformat(timespec="seconds") if moment else NONE),
        ("Revision", str(meta.revision)),
    ]
    lines = [f"{label + ':':<10}{value}" for label, value in facts]
    body = message_to_dict(message)
    body.get("status", {}).pop("audit", None)
    for part in ("spec", "status"):
        if body.get(part):
            lines += [f"{part.capitalize()}:", *(f"  {line}" for line in to_yaml(body[part]).splitlines())]
    return "\n".join(lines)
