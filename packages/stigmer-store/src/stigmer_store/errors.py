"""What can go wrong in a store: one root, one class per way out."""

from __future__ import annotations


class StoreError(Exception):
    """Root of every error this package raises."""


class InvalidValue(StoreError):
    """A value that no store can keep or look for, for example a time without a zone.

    `field` names the offending field, like `labels[team]`.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class RecordNotFound(StoreError):
    """A resource that had to be there is not."""

    def __init__(self, kind: str, id: str) -> None:  # noqa: A002 - the field is called id everywhere else
        super().__init__(f"{kind} {id} does not exist")
        self.kind = kind
        self.id = id


class SlugTaken(StoreError):
    """Another resource of the same kind and organisation has this slug; `holder` is its id."""

    def __init__(self, kind: str, org: str, slug: str, holder: str) -> None:
        super().__init__(f"{kind} {org}/{slug} exists already: {holder}")
        self.kind = kind
        self.org = org
        self.slug = slug
        self.holder = holder


class RequestIdTaken(StoreError):
    """Another resource of the same kind and organisation was made by this request; `holder` is its id.

    Whoever creates looks with `find_by_request_id` first, in the same transaction.
    """

    def __init__(self, kind: str, org: str, request_id: str, holder: str) -> None:
        super().__init__(f"request {request_id} has already made {kind} {holder} in {org}")
        self.kind = kind
        self.org = org
        self.request_id = request_id
        self.holder = holder


class RevisionCompacted(StoreError):
    """The change log no longer reaches back that far; `oldest` is the oldest revision to resume after."""

    def __init__(self, after: int, oldest: int) -> None:
        super().__init__(f"changes after revision {after} are no longer kept; the oldest start is {oldest}")
        self.after = after
        self.oldest = oldest


class BadPageToken(StoreError):
    """A page token that this store did not make, or made for another query."""


class StoreClosed(StoreError):
    """The repository was closed; open a new one."""


class StoreFull(StoreError):
    """No space is left on the disk; nothing was written. Free some and repeat."""


class StoreUnavailable(StoreError):
    """The database cannot be reached or is locked by somebody else; try again later.

    After a connection lost in the middle of a commit the write may have happened: look before repeating.
    """


class StoreTooNew(StoreError):
    """The database was written by a later version of this package; upgrade the package."""
