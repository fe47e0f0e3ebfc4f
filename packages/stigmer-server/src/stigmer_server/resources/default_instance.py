"""The default instance that Agent and Workflow have: made with them, found or made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_api.kinds import Kind
from stigmer_server.resources.envelope import new_resource
from stigmer_server.resources.metadata import slug_from_name

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["ensure_default_instance"]


def ensure_default_instance(unit: UnitOfWork, parent: Resource, kind: Kind, parent_field: str) -> str:
    """Id of the default instance of `parent`, made when there is none; `parent.status` then names it.

    kind: of the instance; parent_field: the field of its spec that has the parent's id. The caller saves the parent.
    Raises AlreadyExists when its slug belongs to something else.
    """
    known = parent.status.default_instance_id
    if known and unit.find(kind, known) is not None:
        return str(known)
    instance = new_resource(kind)
    instance.metadata.name = f"{parent.metadata.name}-default"
    instance.metadata.slug = slug_from_name(f"{parent.metadata.slug}-default")
    instance.metadata.org = parent.metadata.org
    instance.metadata.visibility = parent.metadata.visibility
    instance.spec.description = "Default instance, made with its template and without configuration of its own"
    setattr(instance.spec, parent_field, parent.metadata.id)
    made = unit.create(kind, instance)
    parent.status.default_instance_id = made.metadata.id
    return made.metadata.id
