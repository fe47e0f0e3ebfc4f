"""`try`: catches errors of its tasks, retries them, or handles them.

Frame: `ph` is the phase (`try`, `wait`, `catch`), `at` the attempt from 1, `err` what was caught, `until` when the
next attempt starts, `b` the list being run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_workflow_runner.document.model import TaskList
from stigmer_workflow_runner.document.problems import child
from stigmer_workflow_runner.document.reader import Reader
from stigmer_workflow_runner.errors import Fault, Json, matches
from stigmer_workflow_runner.expressions import Expression, Template
from stigmer_workflow_runner.flow import Outcome, run_list
from stigmer_workflow_runner.runtime import DeadlineReachedError
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.retry import Retry, read_retry

_FILTER_KEYS: Final = ("type", "status", "instance", "title", "detail", "details")
_CATCH_KEYS: Final = ("errors", "as", "when", "exceptWhen", "retry", "do", "then")


@dataclass(frozen=True, slots=True)
class Catch:
    """What is caught, and what happens then. `name` is the error's variable."""

    filters: Template
    name: str = "error"
    when: Expression | None = None
    except_when: Expression | None = None
    retry: Retry | None = None
    tasks: TaskList | None = None
    then: str | None = None

    def catches(self, step: Step, error: dict[str, Json]) -> bool:
        """Whether this error is caught here. `step` has the error bound."""
        if not matches(step.evaluate(self.filters), error):
            return False
        if self.when is not None and not step.test(self.when, step.given):
            return False
        return self.except_when is None or not step.test(self.except_when, step.given)


@dataclass(frozen=True, slots=True)
class Try:
    """The tasks and their catch."""

    tasks: TaskList
    catch: Catch

    async def run(self, step: Step) -> Outcome:
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
                    return await self._attempt(step)
                except Fault as error:
                    self._caught(step, error)
            else:
                return await self._handle(step)

    async def _attempt(self, step: Step) -> Outcome:
        frame, scope = step.frame, step.scope.attempted(step.frame["at"])
        work = run_list(step.engine, self.tasks, frame.setdefault("b", {}), step.given, scope)
        retry = self.catch.retry
        if retry is None or retry.attempt_duration is None:
            return await work
        if "attempt_deadline" not in frame:
            frame["attempt_deadline"] = step.runtime.now() + step.duration(retry.attempt_duration)
        try:
            return await step.runtime.race(work, frame["attempt_deadline"])
        except DeadlineReachedError as error:
            raise step.fault("timeout", "the attempt took longer than retry.limit.attempt.duration") from error

    def _caught(self, step: Step, fault: Fault) -> None:
        """Decide what an error leads to; raise it again when it is not caught."""
        frame, error = step.frame, fault.error
        bound = step.binding(**{self.catch.name: error})
        if not self.catch.catches(bound, error):
            raise fault
        frame.pop("b", None)
        retry = self.catch.retry
        delay = retry.next_delay(bound, frame["at"]) if retry is not None else None
        if delay is not None:
            now = step.runtime.now()
            frame["ph"], frame["until"] = "wait", now + delay
            step.engine.observer.retrying(step.task, step.scope, now, frame["at"] + 1, delay)
        elif retry is not None and self.catch.tasks is None:
            raise fault  # retries are used up and nothing handles the error
        else:
            frame["ph"], frame["err"] = "catch", error

    async def _handle(self, step: Step) -> Outcome:
        if self.catch.tasks is None:
            return Outcome(step.given, self.catch.then)
        scope = step.scope.bind({self.catch.name: step.frame["err"]})
        outcome = await run_list(step.engine, self.catch.tasks, step.frame.setdefault("b", {}), step.given, scope)
        return Outcome(outcome.output, outcome.then or self.catch.then)


class TryType:
    """Reads `try` and `catch`."""

    keys = ("try", "catch")

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Try]:
        """Compile both lists; the error is a variable in `catch`."""
        tasks = reader.tasks(fields["try"], child(pointer, "try"))
        place = child(pointer, "catch")
        if "catch" not in fields:
            reader.problem(pointer, "a try task needs 'catch'")
            return "try", Try(tasks, Catch(Template({})))
        found = reader.fields(fields["catch"], place, _CATCH_KEYS)
        name = reader.optional(found, "as", place, reader.text) or "error"
        inner = reader.with_variables(name)
        return "try", Try(
            tasks,
            Catch(
                filters=_read_filters(reader, found, place),
                name=name,
                when=inner.optional(found, "when", place, inner.expression),
                except_when=inner.optional(found, "exceptWhen", place, inner.expression),
                retry=read_retry(inner, found, place),
                tasks=inner.optional(found, "do", place, inner.tasks),
                then=reader.optional(found, "then", place, reader.target),
            ),
        )


def _read_filters(reader: Reader, catch: Mapping[str, Json], pointer: str) -> Template:
    if "errors" not in catch:
        return Template({})
    place = child(pointer, "errors")
    found = reader.fields(catch["errors"], place, ("with",))
    filters = reader.fields(found.get("with", {}), child(place, "with"), _FILTER_KEYS)
    return reader.template(filters, child(place, "with"))
