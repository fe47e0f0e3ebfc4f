"""SearchService: finds resources of several kinds by name, slug, description and tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.search.v1.io_pb2 import SearchResponse, SearchResult
from stigmer_api.kinds import KINDS, Kind, kind_by_key
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource, from_record
from stigmer_server.resources.listing import read_all, total_pages
from stigmer_store import ListQuery, ResourceRecord

if TYPE_CHECKING:
    from stigmer_server.resources.registry import Services

__all__ = ["search"]

_DEFAULT_PAGE = 20
_LARGEST_PAGE = 1000
_UNSEARCHED = frozenset({"agent_execution", "workflow_execution", "session", "execution_context", "artifact", "memory"})
"""Kinds that are found only when asked for: there are many of them, and their names say little."""


@dataclass(frozen=True, slots=True)
class _Hit:
    score: float
    record: ResourceRecord
    resource: Resource


async def search(services: Services, request: Any) -> SearchResponse:
    """Every word of the query must be found. Best first, then by name; no query gives everything by name."""
    require_valid(request)
    kinds = _kinds(request.kinds)
    words = request.query.casefold().split()
    hits: list[_Hit] = []
    if kinds:
        query = ListQuery(kinds=tuple(kind.key for kind in kinds), org=request.org)
        for record in await read_all(services.repository, query):
            resource = from_record(record)
            score = _score(record, resource, words)
            if score > 0:
                hits.append(_Hit(score, record, resource))
    hits.sort(key=lambda hit: (-hit.score, hit.record.name.casefold(), hit.record.id))
    return _answer(hits, request)


def _kinds(numbers: Sequence[int]) -> list[Kind]:
    """The kinds asked for, as far as this server has them; all that are worth searching when none is."""
    if not numbers:
        return [kind for kind in KINDS if kind.key not in _UNSEARCHED]
    return [kind for kind in KINDS if kind.number in numbers]


def _score(record: ResourceRecord, resource: Resource, words: list[str]) -> float:
    """0: not found; else up to 1, by where the worst placed word was found."""
    if not words:
        return 1.0
    return min(_word_score(record, resource, word) for word in words)


def _word_score(record: ResourceRecord, resource: Resource, word: str) -> float:
    names = (record.slug, record.name.casefold())
    if word in names:
        return 1.0
    if any(name.startswith(word) for name in names):
        return 0.8
    if any(word in name for name in names):
        return 0.6
    if any(word in tag.casefold() for tag in resource.metadata.tags):
        return 0.5
    return 0.4 if word in _description(resource).casefold() else 0.0


def _description(resource: Resource) -> str:
    return str(getattr(resource.spec, "description", ""))


def _answer(hits: list[_Hit], request: Any) -> SearchResponse:
    size = min(max(request.page.size, 0) or _DEFAULT_PAGE, _LARGEST_PAGE)
    start = (max(request.page.num, 1) - 1) * size
    answer = SearchResponse(total_count=len(hits), total_pages=total_pages(len(hits), size))
    for hit in hits:
        answer.counts_by_kind[hit.record.kind] += 1
    answer.entries.extend(_result(hit) for hit in hits[start : start + size])
    return answer


def _result(hit: _Hit) -> SearchResult:
    metadata, spec = hit.resource.metadata, hit.resource.spec
    result = SearchResult(
        kind=kind_by_key(hit.record.kind).number,  # type: ignore[arg-type]  # the enum's numbers are the kinds' numbers
        id=metadata.id,
        name=metadata.name,
        slug=metadata.slug,
        qualified_slug=f"{metadata.org}/{metadata.slug}",
        org=metadata.org,
        description=_description(hit.resource),
        visibility=metadata.visibility,
        tags=metadata.tags,
        score=hit.score,
        icon_url=getattr(spec, "icon_url", ""),
    )
    result.created_at.FromDatetime(hit.record.created_at)
    result.updated_at.FromDatetime(hit.record.updated_at)
    return result
