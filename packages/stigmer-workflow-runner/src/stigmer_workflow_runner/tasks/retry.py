"""Retry policies of `catch.retry`: how long to wait before the next attempt, if there is one.

`limit.attempt.count` counts retries, not attempts. `constant` waits d, `linear` d, 2d, 3d, `exponential` d, 2d, 4d.
"""

from __future__ import annotations

from stigmer_api.dsl.durations import MAX_SECONDS
from stigmer_api.dsl.tasks.retry import Retry
from stigmer_workflow_runner.step import Step


def next_delay(retry: Retry, step: Step, attempt: int) -> float | None:
    """Seconds until the next attempt after attempt number `attempt` failed; None when there is none."""
    if retry.when is not None and not step.test(retry.when, step.given):
        return None
    if retry.except_when is not None and step.test(retry.except_when, step.given):
        return None
    if retry.count is not None and attempt > retry.count:
        return None
    delay = _delay(retry, step, attempt)
    if retry.total_duration is not None:
        limit = step.frame["began"] + step.duration(retry.total_duration)
        if step.runtime.now() + delay > limit:
            return None
    return delay


def _delay(retry: Retry, step: Step, attempt: int) -> float:
    base = step.duration(retry.delay)
    factor = {"constant": 1.0, "linear": float(attempt), "exponential": 2.0 ** min(attempt - 1, 60)}[retry.backoff]
    extra = 0.0
    if retry.jitter is not None:
        low, high = (step.duration(part) for part in retry.jitter)
        extra = low + (high - low) * step.runtime.random()
    return min(base * factor + extra, MAX_SECONDS)
