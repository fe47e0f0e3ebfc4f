"""Cron expressions of five fields and the times they mean. Pure: no clock, no store.

A time is meant when the local clock shows it: one that a change of clocks leaves out never comes, one that it repeats
comes twice. As in cron, a day must match the day of the month *or* the day of the week when both are restricted.
Temporal, which fires, sees the hours of such a change differently in some zones: there its word counts (`keeping`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from zoneinfo import ZoneInfo, available_timezones

__all__ = ["BadCron", "BadTimeZone", "Cron", "parse_cron", "time_zone"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_GAP = 8 * 366 + 1
"""Days within which every expression that ever fires does: 29 February may be eight years away (1896 to 1904)."""

_CLOCK_CHANGE = timedelta(hours=3)
"""More than any change between summer and winter time."""

_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class BadCron(ValueError):
    """Not a cron expression of five fields; the text says which field and why."""


class BadTimeZone(ValueError):
    """Not a name of the time zone database."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression; every tuple is sorted. Days of the week: 0 is Sunday."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: tuple[int, ...]
    months: tuple[int, ...]
    week_days: tuple[int, ...]
    either_day: bool
    """Whether one of month_days and week_days is enough."""

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first time after `moment` (aware), in UTC; None when there is none in eight years."""
        shown_now = moment.astimezone(zone).replace(tzinfo=None)
        day = (shown_now - _CLOCK_CHANGE).date()
        for _ in range(_LONGEST_GAP):
            if self._on(day):
                found = self._first_of(day, zone, moment, shown_now)
                if found is not None:
                    return found
            day += timedelta(days=1)
        return None

    def _on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.month_days, day.isoweekday() % 7 in self.week_days
        return in_month or in_week if self.either_day else in_month and in_week

    def _first_of(self, day: date, zone: ZoneInfo, moment: datetime, shown_now: datetime) -> datetime | None:
        """The first time of a day after `moment`, looking only at hours that can have it: this runs in transactions."""
        found: datetime | None = None
        until: datetime | None = None
        for hour in self.hours:
            begin = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001 - what the local clock shows
            if begin + timedelta(hours=1) + _CLOCK_CHANGE <= shown_now:
                continue
            if until is not None and begin > until:
                break
            for time in self._times(begin, zone):
                if time > moment and (found is None or time < found):
                    found, until = time, begin + _CLOCK_CHANGE
        return found

    def _times(self, hour: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The times at which the local clock shows this hour and one of the minutes."""
        for minute, fold in product(self.minutes, (0, 1)):
            shown = hour.replace(minute=minute, tzinfo=zone, fold=fold)
            time = shown.astimezone(UTC)
            if time.astimezone(zone).replace(tzinfo=None) == shown.replace(tzinfo=None):  # else clocks leave it out
                yield time


def parse_cron(text: str) -> Cron:
    """Parse `minute hour day-of-month month day-of-week`. Raises BadCron."""
    parts = text.split()
    if text.strip().lower() in _SHORTHANDS:
        raise BadCron(f"{text.strip()} is a shorthand; write {_SHORTHANDS[text.strip().lower()]!r}")
    if len(parts) in {6, 7}:
        raise BadCron(
            f"{text!r} has {len(parts)} fields; seconds and years are not supported, write five fields: "
            "minute hour day-of-month month day-of-week"
        )
    if len(parts) != len(_FIELDS):
        raise BadCron(
            f"{text!r} has {len(parts)} fields; write five: minute hour day-of-month month day-of-week, "
            "for example '0 9 * * mon-fri'"
        )
    minutes, hours, month_days, months, week_days = map(_values, _FIELDS, parts)
    both_restricted = not parts[2].startswith("*") and not parts[4].startswith("*")
    cron = Cron(minutes, hours, month_days, months, tuple(sorted({day % 7 for day in week_days})), both_restricted)
    if cron.next_after(datetime(2024, 1, 1, tzinfo=UTC), ZoneInfo("UTC")) is None:
        raise BadCron(f"{text!r} never fires: none of its months has such a day")
    return cron


def time_zone(name: str) -> ZoneInfo:
    """The zone with this name of the IANA database. Raises BadTimeZone."""
    if name not in _zone_names():
        found = [known for known in sorted(_zone_names()) if known.lower() == name.strip().lower()]
        hint = f"write {found[0]!r}" if found else "use a name such as 'Europe/Berlin' or 'UTC'"
        raise BadTimeZone(f"{name!r} is not a time zone of the IANA database; {hint}")
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones()) - {
        "localtime",
        "Factory",
        "posixrules",
    }  # names of this machine only


def _values(field: _Field, text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for item in text.split(","):
        found.update(_item(field, item))
    return tuple(sorted(found))


def _item(field: _Field, text: str) -> range:
    """`*`, `a`, `a-b`, each with `/step`; `a/step` means from a on."""
    span, slash, step_text = text.partition("/")
    if slash and not re.fullmatch(r"[0-9]{1,2}", step_text):
        raise _bad(field, text, "has no number after its /")
    step = int(step_text) if slash else 1
    if step == 0:
        raise _bad(field, text, "has a step of 0")
    if span == "*":
        last = 6 if field.names is _DAYS else field.high  # 7 is Sunday again
        return range(field.low, last + 1, step)
    first_text, dash, last_text = span.partition("-")
    first = _number(field, first_text, text)
    last = _number(field, last_text, text) if dash else (field.high if slash else first)
    if first > last:
        raise _bad(field, text, f"runs backwards: write {first}-{field.high},{field.low}-{last}")
    return range(first, last + 1, step)


def _number(field: _Field, text: str, item: str) -> int:
    if text.lower() in field.names:
        return field.names.index(text.lower()) + (1 if field.names is _MONTHS else 0)
    if not re.fullmatch(r"[0-9]{1,2}", text):
        raise _bad(field, item, "is not a number, a range a-b, a list a,b, or * (each with an optional /step)")
    number = int(text)
    if not field.low <= number <= field.high:
        raise _bad(field, item, f"is not between {field.low} and {field.high}")
    return number


def _bad(field: _Field, item: str, problem: str) -> BadCron:
    return BadCron(f"{field.name} {item!r} {problem}")
