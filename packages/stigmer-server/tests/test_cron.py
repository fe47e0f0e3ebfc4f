"""Cron expressions: what is refused and how, and the times that they mean, clock changes included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stigmer_api.cron import BadCron, BadTimeZone, parse_cron, time_zone


def times(cron: str, zone: str, start: str, count: int) -> list[str]:
    """The next `count` times after `start` as the local clock shows them."""
    moment, where = datetime.fromisoformat(start), time_zone(zone)
    found = []
    for _ in range(count):
        following = parse_cron(cron).next_after(moment, where)
        assert following is not None
        moment = following
        found.append(moment.astimezone(where).strftime("%a %Y-%m-%d %H:%M %z"))
    return found


def test_a_week_day_morning_comes_five_times_a_week() -> None:
    assert times("30 9 * * mon-fri", "UTC", "2026-11-19T10:00:00+00:00", 3) == [
        "Fri 2026-11-20 09:30 +0000",
        "Mon 2026-11-23 09:30 +0000",
        "Tue 2026-11-24 09:30 +0000",
    ]


def test_steps_lists_and_ranges_go_together() -> None:
    assert times("10-20/5,59 */12 1 jan *", "UTC", "2026-01-01T11:00:00+00:00", 4) == [
        "Thu 2026-01-01 12:10 +0000",
        "Thu 2026-01-01 12:15 +0000",
        "Thu 2026-01-01 12:20 +0000",
        "Thu 2026-01-01 12:59 +0000",
    ]


def test_seven_and_zero_are_sunday() -> None:
    assert parse_cron("0 0 * * 7") == parse_cron("0 0 * * 0") == parse_cron("0 0 * * sun")
    assert parse_cron("0 0 * * 5-7").week_days == (0, 5, 6)


def test_a_day_of_month_or_a_day_of_week_is_enough_when_both_are_restricted() -> None:
    assert times("0 0 13 * fri", "UTC", "2026-11-10T00:00:00+00:00", 3) == [
        "Fri 2026-11-13 00:00 +0000",
        "Fri 2026-11-20 00:00 +0000",
        "Fri 2026-11-27 00:00 +0000",
    ]
    assert times("0 0 13 * mon", "UTC", "2026-11-10T00:00:00+00:00", 2) == [
        "Fri 2026-11-13 00:00 +0000",
        "Mon 2026-11-16 00:00 +0000",
    ]


def test_a_time_that_summer_time_leaves_out_does_not_come() -> None:
    assert times("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00+00:00", 2) == [
        "Sat 2026-03-28 02:30 +0100",
        "Mon 2026-03-30 02:30 +0200",
    ]


def test_a_time_that_winter_time_repeats_comes_twice() -> None:
    assert times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+00:00", 3) == [
        "Sun 2026-10-25 02:30 +0200",
        "Sun 2026-10-25 02:30 +0100",
        "Mon 2026-10-26 02:30 +0100",
    ]


def test_the_next_leap_day_is_found() -> None:
    assert times("0 0 29 2 *", "UTC", "2026-11-10T00:00:00+00:00", 1) == ["Tue 2028-02-29 00:00 +0000"]


def test_the_next_minute_is_the_next_minute_through_a_whole_change_of_clocks() -> None:
    moment = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
    cron, zone = parse_cron("* * * * *"), time_zone("Europe/Berlin")
    for _ in range(240):
        following = cron.next_after(moment, zone)
        assert following == moment + timedelta(minutes=1)
        moment = following


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * *", "has 4 fields"),
        ("0 * * * * *", "seconds and years are not supported"),
        ("0 0 0 * * * 2026", "seconds and years are not supported"),
        ("@daily", "write '0 0 * * *'"),
        ("@every 5s", "has 2 fields"),
        ("60 * * * *", "minute '60' is not between 0 and 59"),
        ("0 24 * * *", "hour '24' is not between 0 and 23"),
        ("0 0 0 * *", "day of month '0' is not between 1 and 31"),
        ("0 0 * 13 *", "month '13'"),
        ("0 0 * * 8", "day of week '8'"),
        ("0 0 * * funday", "day of week 'funday' is not a number"),
        ("0 0 L * *", "day of month 'L' is not a number"),
        ("0 0 ? * *", "day of month '?' is not a number"),
        ("*/0 * * * *", "minute '*/0' has a step of 0"),
        ("*/x * * * *", "has no number after its /"),
        ("20-10 * * * *", "runs backwards"),
        ("1,,2 * * * *", "minute '' is not a number"),
        ("\u0661 * * * *", "is not a number"),
        ("0 0 30 2 *", "never fires"),
        ("", "has 0 fields"),
    ],
)
def test_what_is_no_expression_of_five_fields_is_refused_by_field(cron: str, words: str) -> None:
    with pytest.raises(BadCron) as raised:
        parse_cron(cron)
    assert words in str(raised.value)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "America", "localtime", "/etc/localtime"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(BadTimeZone, match="not a time zone of the IANA database"):
        time_zone(name)


def test_a_time_zone_in_wrong_case_is_told_right() -> None:
    with pytest.raises(BadTimeZone, match="write 'Europe/Berlin'"):
        time_zone("europe/berlin")
