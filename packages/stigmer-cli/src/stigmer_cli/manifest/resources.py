"""Documents to resources: which kind a document is, what every resource must say, and the contract's field rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from stigmer_api.kinds import API_VERSION, KINDS, Kind, kind_by_name
from stigmer_api.methods import service_methods
from stigmer_api.validation import violations
from stigmer_cli.manifest.conversion import Converter, Place
from stigmer_cli.manifest.documents import Document, describe, entries, line_of, scalar
from stigmer_cli.manifest.problems import Problems
from stigmer_cli.suggestions import did_you_mean

WORKFLOW = "Workflow"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One resource as a user wrote it. line: of its document in `source`, from 1."""

    kind: Kind
    message: Any
    source: str
    line: int
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the resource."""
        return str(self.message.metadata.name)


def read_resource(document: Document, org: str, problems: Problems, *, judged: bool = True) -> Manifest | None:
    """Return the resource that a document describes; None, with the problems noted, when it describes none.

    judged: workflows are judged as the server would; without that it is enough to know which resource is meant.
    """
    before = len(problems.found)
    root = document.root
    if not isinstance(root, MappingNode):
        problems.add(document.line, "", f"expected a resource (a mapping), found {describe(root)}")
        return None
    top = entries(root, "", Problems(""))
    if "document" in top and not top.keys() & {"kind", "apiVersion", "api_version", "metadata", "spec"}:
        return _plain_workflow(document, org, problems, judged=judged)
    top = entries(root, "", problems)
    kind = _kind(document, top, problems)
    if kind is None:
        return None
    if not _can_be_stored(kind):
        problems.add(_line(top, document, "kind"), "kind", f"a {kind.name} cannot be applied from a manifest")
        return None
    message: Any = kind.message()
    converter = Converter(problems)
    converter.fill(message, root, Place())
    if not message.metadata.name and "metadata.name" not in converter.wrong:
        line = _line(top, document, "metadata")
        problems.add(line, "metadata.name", "missing, every manifest needs a name")
    if not message.metadata.org:
        message.metadata.org = org
    _check_rules(message, document, converter, problems)
    warnings: tuple[str, ...] = ()
    if judged and kind.name == WORKFLOW and not converter.wrong:
        from stigmer_cli.manifest.workflows import judge, source_node  # noqa: PLC0415 - only workflows pay for it

        source = source_node(top["spec"][1] if "spec" in top else None)
        warnings = judge(message.spec, source, lambda path: _nearest(path, document, converter), problems)
    found = Manifest(kind, message, problems.source, document.line, warnings)
    return found if len(problems.found) == before else None


def _kind(document: Document, top: dict[str, tuple[Node, Node]], problems: Problems) -> Kind | None:
    """Return the kind; complain about apiVersion and kind, each for itself."""
    version = _text(top, "apiVersion", "api_version")
    if version != API_VERSION:
        line = _line(top, document, "apiVersion", "api_version")
        found = "missing" if version is None else f'expected "{API_VERSION}", found "{version}"'
        problems.add(line, "apiVersion", found if version is not None else f'missing, write "{API_VERSION}"')
    name = _text(top, "kind")
    names = [kind.name for kind in KINDS]
    if name is None:
        problems.add(_line(top, document, "kind"), "kind", f"missing, write one of {', '.join(names)}")
        return None
    try:
        return kind_by_name(name)
    except KeyError:
        known = did_you_mean(name, names) or f" Known kinds: {', '.join(names)}."
        problems.add(_line(top, document, "kind"), "kind", f'unknown kind "{name}".{known}')
        return None


def _can_be_stored(kind: Kind) -> bool:
    """Return whether the contract has a way to store this kind as a manifest describes it."""
    return any(verb in service_methods(kind.command_service) for verb in ("apply", "create"))


def _text(top: dict[str, tuple[Node, Node]], *keys: str) -> str | None:
    """Return the text of the first key that is there; None when it is absent or empty."""
    for key in keys:
        if key in top and isinstance(top[key][1], ScalarNode):
            found = scalar(top[key][1])
            return None if found is None else str(found)
    return None


def _line(top: dict[str, tuple[Node, Node]], document: Document, *keys: str) -> int:
    return next((line_of(top[key][0]) for key in keys if key in top), document.line)


def _plain_workflow(document: Document, org: str, problems: Problems, *, judged: bool) -> Manifest | None:
    """Take a Serverless Workflow document as it is: its text is the source, its name the resource's name."""
    kind = kind_by_name(WORKFLOW)
    message: Any = kind.message(api_version=API_VERSION, kind=WORKFLOW)
    message.spec.source = document.text
    warnings: tuple[str, ...] = ()
    if judged:
        from stigmer_cli.manifest.workflows import judge  # noqa: PLC0415 - only workflows pay for it

        before = len(problems.found)
        warnings = judge(message.spec, document.root, lambda path: (document.line, path), problems)
        if len(problems.found) > before:
            return None
    top = entries(document.root, "", problems) if isinstance(document.root, MappingNode) else {}
    head = top["document"][1]
    name = _text(entries(head, "document", problems), "name", "workflowType") if isinstance(head, MappingNode) else None
    if not name:
        problems.add(line_of(top["document"][0]), "document.name", "missing, every workflow needs a name")
        return None
    message.metadata.name = name
    message.metadata.org = org
    converter = Converter(problems, {"metadata.name": (line_of(head), "document.name")})
    before = len(problems.found)
    _check_rules(message, document, converter, problems)
    found = Manifest(kind, message, problems.source, document.line, warnings)
    return found if len(problems.found) == before else None


def _check_rules(message: Any, document: Document, converter: Converter, problems: Problems) -> None:
    """Hold a message against the contract's rules; a field that is already a problem is not named twice."""
    named = converter.wrong | {"api_version", "kind"} | ({"metadata.name"} if not message.metadata.name else set())
    for item in violations(message):
        if any(_within(item.field, path) for path in named):
            continue
        line, written = _nearest(item.field, document, converter)
        problems.add(line, written, item.description)


def _within(path: str, outer: str) -> bool:
    """Return whether a field is another one, lies in it, or contains it."""
    inside = path == outer or path.startswith((f"{outer}.", f"{outer}["))
    return bool(outer) and (inside or outer.startswith(f"{path}."))


def _nearest(path: str, document: Document, converter: Converter) -> tuple[int, str]:
    """Return line and path of a field as written or, when it is not there, of what it should be in."""
    outer = path
    while outer:
        if outer in converter.lines:
            line, written = converter.lines[outer]
            return line, written + path[len(outer) :]
        cut = max(outer.rfind("."), outer.rfind("["))
        outer = outer[:cut] if cut > 0 else ""
    return document.line, path
