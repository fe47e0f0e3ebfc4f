"""The references of a resource that is about to be written: whatever they name must be there, and slugs become ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_api.errors import FieldViolation
from stigmer_api.kinds import Kind, kind_by_key
from stigmer_server.resources import versions
from stigmer_server.resources.references import Problems, named_references, not_found

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.strategy import ResourceStrategy
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["resolve_references"]


def resolve_references(
    unit: UnitOfWork, strategy: ResourceStrategy, resource: Resource, stored: Resource | None = None
) -> None:
    """Check every reference of the spec; what `stored` already had is not asked again.

    Raises InvalidArgument or NotFound with everything that is wrong.
    """
    problems = Problems()
    org, spec = resource.metadata.org, resource.spec
    for name, key in strategy.references.items():
        value = getattr(spec, name)
        if not value and name in strategy.required_references:
            problems.wrong.append(FieldViolation(f"spec.{name}", "is required"))
        if not value or (stored is not None and value == getattr(stored.spec, name)):
            continue
        target = kind_by_key(key)
        found = unit.find(target, value) or unit.find_by_slug(target, org, value)
        if found is not None:
            setattr(spec, name, found.metadata.id)
        elif (key, org, value) not in unit.taken_as_there:
            problems.missing.append((f"spec.{name}", not_found(target, value, org, unit.pool(target, org))))
    _check_named(unit, resource, stored, problems)
    problems.raise_if_any()


def _check_named(unit: UnitOfWork, resource: Resource, stored: Resource | None, problems: Problems) -> None:
    """Those by organisation, kind and slug, which may also name a version."""
    known = [] if stored is None else [item for _, item, _, _ in named_references(stored.spec, "")]
    for path, reference, wanted, said in named_references(resource.spec, "spec"):
        if wanted is not None and said is not None and said is not wanted:
            problems.wrong.append(
                FieldViolation(f"{path}.kind", f"must be {wanted.key} ({wanted.number}), not {said.key}")
            )
            continue
        target = wanted or said
        if target is not None and reference not in known:
            org = reference.org or resource.metadata.org
            _check_one(unit, path, target, (org, reference.slug, reference.version), problems)


def _check_one(unit: UnitOfWork, path: str, target: Kind, named: tuple[str, str, str], problems: Problems) -> None:
    org, slug, version = named
    found = unit.find_by_slug(target, org, slug)
    if found is None:
        if (target.key, org, slug) not in unit.taken_as_there:
            problems.missing.append((path, not_found(target, slug, org, unit.pool(target, org))))
    elif target.versioned and not versions.exists(unit.tx, target, found.metadata.id, version):
        problems.missing.append((f"{path}.version", versions.missing_version(target, found, version)))
