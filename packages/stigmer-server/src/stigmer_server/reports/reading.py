"""Reads many executions without holding many, and the moments and windows that reports are about."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from stigmer_server.resources.envelope import from_record
from stigmer_server.resources.metadata import violation
from stigmer_store import ListQuery, Repository, ResourceRecord

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource

__all__ = ["Span", "executions", "moment", "span_of_dates", "took", "window_start"]

_PAGE = 100
"""Executions in memory at once: one may have megabytes of messages."""

_DAYS = {"LAST_24H": 1, "LAST_7D": 7, "LAST_30D": 30}


class Span:
    """From a moment (included) to another (excluded); None is without bound."""

    __slots__ = ("begin", "end")

    def __init__(self, begin: datetime | None = None, end: datetime | None = None) -> None:
        self.begin = begin
        self.end = end

    def has(self, when: datetime) -> bool:
        """Whether a moment lies in it."""
        return (self.begin is None or when >= self.begin) and (self.end is None or when < self.end)


async def executions(
    repository: Repository, query: ListQuery, span: Span
) -> AsyncIterator[tuple[ResourceRecord, Resource]]:
    """The executions of a query that were created in a span, the newest first, one page in memory."""
    token = ""
    while True:
        page = await repository.list(
            replace(query, page_size=_PAGE, page_token=token, newest_first=True, counted=False)
        )
        for record in page.items:
            if span.begin is not None and record.created_at < span.begin:
                return  # all that follow are older
            if span.has(record.created_at):
                yield record, from_record(record)
        token = page.next_page_token
        if not token:
            return


def window_start(request: Any, now: datetime) -> datetime | None:
    """Where the `time_window` of a request begins; None for all time, which is also what an unset window means."""
    enum = request.DESCRIPTOR.fields_by_name["time_window"].enum_type
    value = enum.values_by_number.get(request.time_window)
    if value is None:
        raise violation("time_window", f"{request.time_window} is not one of its values")
    days = next((days for name, days in _DAYS.items() if value.name.endswith(name)), None)
    return None if days is None else now - timedelta(days=days)


def span_of_dates(from_date: str, to_date: str) -> Span:
    """The days from `from_date` to `to_date`, both included, in UTC; an empty one is without bound."""
    begin, last = _day("from_date", from_date), _day("to_date", to_date)
    if begin is not None and last is not None and last < begin:
        raise violation("to_date", f"{to_date} is before from_date {from_date}")
    return Span(_midnight(begin), None if last is None else _midnight(last, days=1))


def moment(text: str) -> datetime | None:
    """A time that an execution tells; None when it tells none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def took(execution: Resource) -> timedelta | None:
    """From the start of an execution to its end; None while it has not got both."""
    start, end = moment(execution.status.started_at), moment(execution.status.completed_at)
    return None if start is None or end is None else max(end - start, timedelta(0))


def _day(field: str, text: str) -> date | None:
    if not text:
        return None
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
            raise ValueError("another form")
        found = date.fromisoformat(text)
        return found if found.year < date.max.year else date(date.max.year, 12, 30)
    except ValueError as error:
        raise violation(field, f"{text!r} is not a date; write YYYY-MM-DD, for example 2026-01-31") from error


def _midnight(day: date | None, days: int = 0) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=days)
