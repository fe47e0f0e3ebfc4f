"""Retry policies of `catch.retry`: how long to wait before the next attempt, if there is one.

`limit.attempt.count` counts retries, not attempts. `constant` waits d, `linear` d, 2d, 3d, `exponential` d, 2d, 4d.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression
from stigmer_api.dsl.model import Duration
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader

BACKOFFS: Final = ("constant", "exponential", "linear")
NO_DELAY: Final = Duration()
_KEYS: Final = ("when", "exceptWhen", "delay", "backoff", "limit", "jitter")


@dataclass(frozen=True, slots=True)
class Retry:
    """One policy. `count` is the most retries, None for no limit."""

    delay: Duration = NO_DELAY
    backoff: str = "constant"
    count: int | None = None
    attempt_duration: Duration | None = None
    total_duration: Duration | None = None
    jitter: tuple[Duration, Duration] | None = None
    when: Expression | None = None
    except_when: Expression | None = None


def read_retry(reader: Reader, catch: Mapping[str, Json], pointer: str) -> Retry | None:
    """Compile `catch.retry`: a policy, or a name of `use.retries`."""
    if "retry" not in catch:
        return None
    place = child(pointer, "retry")
    found = reader.named("retries", catch["retry"], place)
    if found is None:
        return None
    fields = reader.fields(found, place, _KEYS)
    limit = reader.optional(fields, "limit", place, lambda v, p: reader.fields(v, p, ("attempt", "duration"))) or {}
    limit_place = child(place, "limit")
    attempt = (
        reader.optional(limit, "attempt", limit_place, lambda v, p: reader.fields(v, p, ("count", "duration"))) or {}
    )
    attempt_place = child(limit_place, "attempt")
    return Retry(
        delay=reader.optional(fields, "delay", place, reader.duration) or Duration(),
        backoff=_read_backoff(reader, fields, place),
        count=_read_count(reader, attempt, attempt_place),
        attempt_duration=reader.optional(attempt, "duration", attempt_place, reader.duration),
        total_duration=reader.optional(limit, "duration", limit_place, reader.duration),
        jitter=_read_jitter(reader, fields, place),
        when=reader.optional(fields, "when", place, reader.expression),
        except_when=reader.optional(fields, "exceptWhen", place, reader.expression),
    )


def _read_backoff(reader: Reader, fields: Mapping[str, Json], pointer: str) -> str:
    if "backoff" not in fields:
        return "constant"
    place = child(pointer, "backoff")
    found = reader.fields(fields["backoff"], place, BACKOFFS)
    kinds = [kind for kind in BACKOFFS if kind in found]
    if len(kinds) != 1:
        reader.problem(place, f"needs exactly one of {', '.join(BACKOFFS)}")
        return "constant"
    if found[kinds[0]] not in (None, {}):
        reader.problem(child(place, kinds[0]), "takes no parameters: write {}")
    return kinds[0]


def _read_count(reader: Reader, attempt: Mapping[str, Json], pointer: str) -> int | None:
    if "count" not in attempt:
        return None
    count = attempt["count"]
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        reader.problem(child(pointer, "count"), f"must be a whole number from 0, not {count!r}")
        return 0
    return count


def _read_jitter(reader: Reader, fields: Mapping[str, Json], pointer: str) -> tuple[Duration, Duration] | None:
    if "jitter" not in fields:
        return None
    place = child(pointer, "jitter")
    found = reader.fields(fields["jitter"], place, ("from", "to"), required=("from", "to"))
    low = reader.optional(found, "from", place, reader.duration) or Duration()
    high = reader.optional(found, "to", place, reader.duration) or Duration()
    if low.template is None and high.template is None and low.seconds > high.seconds:
        reader.problem(place, "'from' must not be longer than 'to'")
    return low, high
