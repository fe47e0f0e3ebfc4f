"""Applies and deletes what manifests describe, in the order in which resources need one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from stigmer_cli.client import ServerClient, full_name, has_method
from stigmer_cli.errors import CliError, NotAuthorisedError, NotRunningError, RequestFailedError
from stigmer_cli.manifest.resources import Manifest

ORDER = (
    "environment",
    "mcp_server",
    "skill",
    "agent",
    "workflow",
    "agent_instance",
    "workflow_instance",
    "session",
    "schedule",
    "memory",
    "execution_context",
    "artifact",
    "agent_execution",
    "workflow_execution",
)
"""Each kind after those that it may refer to."""


DRY_RUN_SUFFIX = " (server dry run)"


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one resource. action: created, configured, unchanged, deleted, or valid for a dry run."""

    kind: str
    name: str
    id: str
    action: str

    def __str__(self) -> str:
        return f"{self.name} {self.action}"


def in_order(manifests: Sequence[Manifest]) -> list[Manifest]:
    """Return manifests so that what others refer to comes first; kinds that the order does not name come last."""
    places = {key: place for place, key in enumerate(ORDER)}
    return sorted(manifests, key=lambda item: places.get(item.kind.key, len(places)))


def apply_all(
    client: ServerClient, manifests: Sequence[Manifest], told: Callable[[Applied], None], *, dry_run: bool = False
) -> list[Applied]:
    """Apply every manifest and tell each result at once. A dry run has the server say what it would do.

    One that the server refuses does not keep the others back; all refusals are raised together at the end.
    """
    done: list[Applied] = []
    failures: list[tuple[Manifest, CliError]] = []
    made: list[str] | None = [] if dry_run else None
    for item in in_order(manifests):
        try:
            done.append(_apply(client, item, made))
        except (NotRunningError, NotAuthorisedError):
            raise
        except CliError as error:
            failures.append((item, error))
        else:
            told(done[-1])
    if failures:
        raise _together(failures)
    return done


def _apply(client: ServerClient, item: Manifest, made: list[str] | None) -> Applied:
    """Apply one. `made`: in a dry run what would have been made before it, as kind/org/slug; it is added there."""
    before = client.find(item.kind, item.name) if has_method(item.kind, "getByReference") else None
    after = client.apply(item.kind, item.message, dry_run=made is not None, after=made or ())
    if before is None and made is not None:
        made.append(f"{item.kind.key}/{after.metadata.org}/{after.metadata.slug}")
    if before is None:
        action = "created"
    else:
        action = "unchanged" if before.metadata.revision == after.metadata.revision else "configured"
    action += "" if made is None else DRY_RUN_SUFFIX
    return Applied(item.kind.name, full_name(item.kind, after), after.metadata.id, action)


def _together(failures: Sequence[tuple[Manifest, CliError]]) -> CliError:
    """Return one error for all refusals; its exit code is the first one's."""
    details = []
    for item, error in failures:
        details.append(f"{item.source}:{item.line}: {item.kind.name} {item.name}: {error.message}")
        details += [f"  {line}" for line in (*error.details, *([error.hint] if error.hint else []))]
    count = "one resource was" if len(failures) == 1 else f"{len(failures)} resources were"
    first = failures[0][1]
    kind = type(first) if isinstance(first, RequestFailedError) else RequestFailedError
    return kind(f"{count} refused", details=details)


@dataclass(frozen=True, slots=True)
class Deleting:
    """How to delete: by force with what runs and depends on a resource; as a dry run."""

    force: bool = False
    dry_run: bool = False


def delete_all(
    client: ServerClient,
    wanted: Sequence[tuple[Any, str]],
    told: Callable[[Applied], None],
    how: Deleting = Deleting(),
) -> list[Applied]:
    """Delete resources given as (kind, name or id), in this order; what is missing is raised together at the end."""
    done: list[Applied] = []
    missing: list[str] = []
    for kind, name in wanted:
        found = client.find(kind, name)
        if found is None:
            missing.append(f"{kind.name.lower()}/{name} does not exist")
            continue
        client.delete(kind, found.metadata.id, force=how.force, dry_run=how.dry_run)
        action = "deleted" + (DRY_RUN_SUFFIX if how.dry_run else "")
        done.append(Applied(kind.name, full_name(kind, found), found.metadata.id, action))
        told(done[-1])
    if missing:
        raise RequestFailedError("; ".join(missing), hint="see `stigmer-ctl get`")
    return done
