"""The one retry policy for calls of models, shared by all engines: bounded, jittered, and it stops when asked to.

SDK retries stay off, so that the budget here is the whole budget and every wait is visible to the user.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from stigmer_agent_runner.engine.protocol import Notice
from stigmer_agent_runner.errors import ModelError, RunStopped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stigmer_agent_runner.engine.protocol import Control, Emit

RETRYABLE_STATUS = frozenset({408, 409, 429})

T = TypeVar("T")


def is_retryable_status(status: int) -> bool:
    """Whether an HTTP status says that the same request may succeed later."""
    return status in RETRYABLE_STATUS or status >= 500


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """attempts: calls in all. initial and longest: seconds of the first and the longest wait (full jitter)."""

    attempts: int = 5
    initial: float = 0.5
    longest: float = 8.0

    async def call(self, attempt: Callable[[], Awaitable[T]], *, emit: Emit, control: Control, notice_key: str) -> T:
        """Return the result of `attempt`, repeated while it raises a retryable ModelError.

        Raises the last ModelError when the budget is used up, RunStopped when `control` asks to stop meanwhile.
        """
        backoff = wait_random_exponential(multiplier=self.initial, max=self.longest)

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, ModelError) and error.retry_after else 0.0
            return max(backoff(state), min(asked, self.longest * 4))

        async def sleep(seconds: float) -> None:
            if await control.wait(seconds):
                raise RunStopped("stopped while waiting for the model")

        def announce(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            seconds = state.next_action.sleep if state.next_action else 0.0
            text = f"{error} Attempt {state.attempt_number} of {self.attempts} failed; next in {seconds:.1f} s."
            emit(Notice(notice_key, text))

        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.attempts),
            wait=wait,
            retry=retry_if_exception(lambda error: isinstance(error, ModelError) and error.retryable),
            sleep=sleep,
            before_sleep=announce,
            reraise=True,
        )
        try:
            return await retrying(attempt)
        except ModelError as error:
            if not error.retryable:
                raise
            raise ModelError(f"{error} Gave up after {self.attempts} attempts.", kind=error.kind) from error
