"""What one kind does differently from all others. Every hook is optional; a kind without behaviour needs none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from stigmer_api.errors import FieldViolation
from stigmer_store import Requirement

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["Dependent", "ResourceStrategy", "WhenDeleted"]


def _own_id(resource: Resource) -> str:
    return str(resource.metadata.id)


class WhenDeleted(Enum):
    """What a dependent does when the resource that it needs is deleted."""

    REFUSE = "it stands in the way, and goes along only by force"
    TAKE = "it goes along"
    KEEP = "it stays as a record"


@dataclass(frozen=True, slots=True)
class Dependent:
    """Resources of another kind that name this one: `field` is their queryable field with its id.

    Whatever the rule says, one that still runs stands in the way. `owned_as` is the status field of this resource that
    names the one dependent which belongs to it and goes along. Where nothing names this resource itself, `named` gives
    the id that is named instead, and `belongs` tells which of those that name it are meant.
    """

    kind: str
    field: str
    then: WhenDeleted
    owned_as: str = ""
    named: Callable[[Resource], str] = _own_id
    belongs: Callable[[UnitOfWork, Resource, Resource], bool] | None = None


class ResourceStrategy:
    """Hooks of the generic commands, in the order in which a command calls them.

    `check` runs before the transaction and sees only the message. All others run inside it, must not touch anything but
    their unit of work, and may run again from the start after a conflict.
    """

    references: Mapping[str, str] = {}
    """Fields of the spec that name another resource by id (or slug): field -> kind key. Checked on every write."""

    required_references: frozenset[str] = frozenset()
    """Those of `references` that must be given."""

    queryable: frozenset[str] = frozenset()
    """Names that `fields` may use, so that list methods with such filters can be bound."""

    name_required: bool = True
    """False: a resource without name gets one from its id (executions, sessions)."""

    unique_slugs: bool = False
    """True: several resources may share a name, so a slug made from a name gets a unique ending (executions)."""

    newest_first: bool = False
    """Order of lists."""

    secrets_final: bool = False
    """True: its secret values are those that it was created with (executions and their contexts)."""

    slow_check: bool = False
    """True: `check` may take long and runs in a thread, where it still may complete the message."""

    dependents: tuple[Dependent, ...] = ()
    """What needs a resource of this kind."""

    running: tuple[Requirement, ...] = ()
    """What the fields of those resources meet that `is_running`; no other is asked for."""

    def check(self, resource: Resource) -> Iterable[FieldViolation]:
        """What is wrong with the message beyond the rules of the contract."""
        return ()

    def prepare_create(self, unit: UnitOfWork, resource: Resource) -> None:
        """Complete a new resource; its id, org and slug are set and its references are good."""

    def created(self, unit: UnitOfWork, resource: Resource) -> None:
        """Create what belongs to a new resource. Changes to `resource` are stored with it."""

    def prepare_update(self, unit: UnitOfWork, stored: Resource, resource: Resource) -> None:
        """Complete the new state; identity and status are already those of `stored`."""

    def removing(self, unit: UnitOfWork, resource: Resource) -> None:
        """Refuse a deletion, or clear away what is no resource; dependents are declared, not deleted here."""

    def is_running(self, resource: Resource) -> bool:
        """Whether a resource is at work, so that deleting it takes force."""
        return False

    def stop(self, unit: UnitOfWork, resource: Resource) -> None:
        """End a running resource that is deleted, or whose owner is, by force."""

    def ended(self, unit: UnitOfWork, resource: Resource) -> None:
        """Note that an execution has just become terminal; it is saved already."""

    def fields(self, unit: UnitOfWork, resource: Resource) -> Mapping[str, str]:
        """Values to find resources by; empty ones are left out."""
        return {}

    def field_value(self, name: str, text: str) -> str:
        """The stored value of a queryable field that a user means by `text`. Raises InvalidArgument for none."""
        return text
