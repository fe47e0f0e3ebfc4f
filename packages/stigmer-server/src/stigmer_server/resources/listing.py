"""List methods, derived from their descriptors: which request field filters what, and which fields the answer has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stigmer_api.kinds import Kind
from stigmer_server.errors import StartupError
from stigmer_server.resources.controller import Controller, require_valid
from stigmer_server.resources.envelope import from_record
from stigmer_server.resources.metadata import violation
from stigmer_store import ListQuery, Page, Repository, ResourceRecord

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from stigmer_api.methods import Method

__all__ = ["ListMethod", "read_all", "read_numbered_page", "tag_field", "total_pages"]

_PAGING = frozenset({"page_size", "page_token", "page_info", "page"})
_GENERAL = frozenset({"org", "labels", "tags"})
_ITEMS = ("entries", "items")
_LARGEST_PAGE = 1000
_DEFAULT_PAGE = 50


def tag_field(tag: str) -> str:
    """Name of the queryable field that says a resource has this tag."""
    return f"tag:{tag}"


def total_pages(total: int, size: int) -> int:
    """Pages of `size` items that `total` items fill."""
    return -(-total // size)


@dataclass(frozen=True, slots=True)
class ListMethod:
    """One list method of one kind. `ignored` are request fields that the caller evaluates itself."""

    kind: Kind
    method: Method
    filters: tuple[str, ...]
    items: str

    @classmethod
    def bind(cls, kind: Kind, method: Method, queryable: frozenset[str], ignored: frozenset[str]) -> ListMethod:
        """Derive it from the descriptors; StartupError when the request has a filter that the kind cannot answer."""
        request = [field.name for field in method.request.DESCRIPTOR.fields]
        filters = tuple(name for name in request if name not in _PAGING | _GENERAL | ignored)
        unknown = [name for name in filters if name not in queryable]
        response = method.response.DESCRIPTOR.fields_by_name
        items = next((name for name in _ITEMS if name in response), "")
        if unknown or not items:
            problem = f"filters nobody answers: {', '.join(unknown)}" if unknown else "its answer has no list"
            raise StartupError(f"{method.path} cannot be bound to the generic list: {problem}")
        return cls(kind, method, filters, items)

    async def __call__(self, controller: Controller, request: Message) -> Message:
        """Answer one request."""
        require_valid(request)
        query = self.query(request, newest_first=controller.strategy_of(self.kind).newest_first)
        page = await self._page(controller.repository, query, request)
        return self.answer(page.items, page.total, query.limit, page.next_page_token)

    def query(self, request: Any, *, newest_first: bool) -> ListQuery:
        """The store query that a request means, without its page number."""
        fields = {name: text for name in self.filters if (text := _text(request, name))}
        for tag in getattr(request, "tags", ()):
            fields[tag_field(tag)] = "true"
        return ListQuery(
            kinds=(self.kind.key,),
            org=getattr(request, "org", ""),
            labels=dict(getattr(request, "labels", {})),
            fields=fields,
            page_size=_page_size(request),
            page_token=getattr(request, "page_token", ""),
            newest_first=newest_first,
        )

    def answer(self, records: tuple[ResourceRecord, ...], total: int, size: int, token: str) -> Message:
        """The response message; fills whichever of the total and token fields it has."""
        response: Any = self.method.response()
        target = getattr(response, self.items)
        for record in records:
            target.append(from_record(record))
        known = response.DESCRIPTOR.fields_by_name
        if "total_count" in known:
            response.total_count = total
        if "total_pages" in known:
            response.total_pages = total_pages(total, size)
        if "next_page_token" in known:
            response.next_page_token = token
        return response  # type: ignore[no-any-return]  # built from the method's own response class

    async def _page(self, repository: Repository, query: ListQuery, request: Any) -> Page:
        if "page_info" in request.DESCRIPTOR.fields_by_name:
            return await read_numbered_page(repository, query, request.page_info.num)
        return await repository.list(query)


async def read_numbered_page(repository: Repository, query: ListQuery, number: int) -> Page:
    """Page `number` (1 is the first; 0 means 1) of a query, found by walking: the store only knows cursors."""
    for _ in range(number - 1):
        page = await repository.list(replace(query, counted=False))
        if not page.next_page_token:
            page = await repository.list(replace(query, page_size=1, page_token=""))
            return Page((), "", page.total, page.revision)
        query = replace(query, page_token=page.next_page_token)
    return await repository.list(query)


async def read_all(repository: Repository, query: ListQuery) -> list[ResourceRecord]:
    """Every match of a query."""
    found: list[ResourceRecord] = []
    token = ""
    while True:
        page = await repository.list(replace(query, page_size=_LARGEST_PAGE, page_token=token, counted=False))
        found.extend(page.items)
        token = page.next_page_token
        if not token:
            return found


def _page_size(request: Any) -> int:
    info = getattr(request, "page_info", None) or getattr(request, "page", None)
    size = info.size if info is not None else getattr(request, "page_size", 0)
    if size < 0:
        raise violation("page_size", "must not be negative")
    return min(size or _DEFAULT_PAGE, _LARGEST_PAGE)


def _text(request: Any, name: str) -> str:
    value = getattr(request, name)
    enum = request.DESCRIPTOR.fields_by_name[name].enum_type
    if enum is None:
        return str(value)
    if not value:
        return ""
    known = enum.values_by_number.get(value)
    if known is None:
        raise violation(name, f"{value} is not one of its values")
    return str(known.name)
