"""`try`: catches errors of its tasks, retries them, or handles them.

Frame: `ph` is the phase (`try`, `wait`, `catch`), `at` the attempt from 1, `err` what was caught, `until` when the
next attempt starts, `b` the list being run.
"""

from __future__ import annotations

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.try_ import Catch, Try
from stigmer_workflow_runner.errors import Fault, matches
from stigmer_workflow_runner.flow import Outcome, run_list
from stigmer_workflow_runner.runtime import DeadlineReachedError
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.retry import next_delay


def _catches(catch: Catch, step: Step, error: dict[str, Json]) -> bool:
    """Whether this error is caught here. `step` has the error bound."""
    if not matches(step.evaluate(catch.filters), error):
        return False
    if catch.when is not None and not step.test(catch.when, step.given):
        return False
    return catch.except_when is None or not step.test(catch.except_when, step.given)


async def run_try(given: Try, step: Step) -> Outcome:
    """Go on in the phase that the frame is in."""
    frame = step.frame
    if "ph" not in frame:
        frame["ph"], frame["at"] = "try", 1
    while True:
        if frame["ph"] == "wait":
            await step.runtime.sleep_until(frame["until"])
            frame["ph"], frame["at"] = "try", frame["at"] + 1
            frame.pop("attempt_deadline", None)
        elif frame["ph"] == "try":
            try:
                return await _attempt(given, step)
            except Fault as error:
                _caught(given, step, error)
        else:
            return await _handle(given, step)


async def _attempt(given: Try, step: Step) -> Outcome:
    frame, scope = step.frame, step.scope.attempted(step.frame["at"])
    work = run_list(step.engine, given.tasks, frame.setdefault("b", {}), step.given, scope)
    retry = given.catch.retry
    if retry is None or retry.attempt_duration is None:
        return await work
    if "attempt_deadline" not in frame:
        frame["attempt_deadline"] = step.runtime.now() + step.duration(retry.attempt_duration)
    try:
        return await step.runtime.race(work, frame["attempt_deadline"])
    except DeadlineReachedError as error:
        raise step.fault("timeout", "the attempt took longer than retry.limit.attempt.duration") from error


def _caught(given: Try, step: Step, fault: Fault) -> None:
    """Decide what an error leads to; raise it again when it is not caught."""
    frame, error = step.frame, fault.error
    bound = step.binding(**{given.catch.name: error})
    if not _catches(given.catch, bound, error):
        raise fault
    frame.pop("b", None)
    retry = given.catch.retry
    delay = next_delay(retry, bound, frame["at"]) if retry is not None else None
    if delay is not None:
        now = step.runtime.now()
        frame["ph"], frame["until"] = "wait", now + delay
        step.engine.observer.retrying(step.task, step.scope, now, frame["at"] + 1, delay)
    elif retry is not None and given.catch.tasks is None:
        raise fault  # retries are used up and nothing handles the error
    else:
        frame["ph"], frame["err"] = "catch", error


async def _handle(given: Try, step: Step) -> Outcome:
    if given.catch.tasks is None:
        return Outcome(step.given, given.catch.then)
    scope = step.scope.bind({given.catch.name: step.frame["err"]})
    outcome = await run_list(step.engine, given.catch.tasks, step.frame.setdefault("b", {}), step.given, scope)
    return Outcome(outcome.output, outcome.then or given.catch.then)
