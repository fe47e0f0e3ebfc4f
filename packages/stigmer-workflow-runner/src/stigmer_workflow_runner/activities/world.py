"""The frame around every activity that calls the world: opens what is sealed, redacts what returns."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import ExpressionFailedError, Meter, compile_expression
from stigmer_api.dsl.hidden import AUTHORIZATION, SECRET_TEXTS, SECRETS, VARIABLES
from stigmer_workflow_runner.activities.failures import FAULT, failure, fitting
from stigmer_workflow_runner.activities.redaction import Redactor
from stigmer_workflow_runner.activities.variables import NONE, Variables, VariableSource
from stigmer_workflow_runner.errors import Fault, error_object

BEAT_SECONDS: Final = 2.0


class Opened:
    """An argument whose sealed parts are evaluated. `variables` are those of the execution."""

    def __init__(self, argument: dict[str, Any], variables: Variables, redactor: Redactor) -> None:
        self.argument = argument
        self.variables = variables
        self.redactor = redactor
        self._later: list[tuple[list[Any], Any]] = []
        self._sealed = argument.pop("sealed", None)
        for path, text in (self._sealed or {}).get("places", ()):
            expression = compile_expression(text)
            if AUTHORIZATION in expression.variables:
                self._later.append((path, expression))
            else:
                self._fill(path, expression, None)

    def authorize(self, authorization: Json) -> None:
        """Evaluate what needs `$authorization`: `{scheme, parameter}`, or null for a call without a policy."""
        for path, expression in self._later:
            self._fill(path, expression, authorization)
        self._later.clear()

    def _fill(self, path: list[Any], expression: Any, authorization: Json) -> None:
        sealed = self._sealed
        known = {
            **sealed["variables"],
            SECRETS: self.variables.secrets(),
            SECRET_TEXTS: self.variables.texts,
            VARIABLES: self.variables.texts,
            AUTHORIZATION: authorization,
        }
        needed = {name: known[name] for name in expression.variables}
        try:
            value = expression.evaluate(sealed["given"], needed, sealed["now"], Meter())
        except ExpressionFailedError as error:
            raise failure(error_object("expression", str(error))) from error
        target = self.argument
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value


Work = Callable[[Opened], Awaitable[Json]]


class World:
    """Runs the work of activities. Without a `source`, as in tests, no execution has variables."""

    def __init__(self, source: VariableSource | None = None) -> None:
        self._source = source

    async def run(self, argument: dict[str, Any], doing: str, work: Work) -> Json:
        """Do the `work` on the opened argument within its `timeout`; fails with DSL errors only.

        No secret of the execution leaves: neither in the result nor in an error.
        """
        redactor = Redactor()
        timeout = argument.get("timeout", 300.0)
        try:
            with beating():
                async with asyncio.timeout(timeout):
                    opened = await self._opened(argument, redactor)
                    result = redactor.value(await work(opened))
                return fitting(result, f"the answer to {doing}")
        except TimeoutError as error:
            detail = redactor.text(f"{doing}: no answer within {timeout:g} s")
            raise failure(error_object("timeout", detail)) from error
        except ApplicationError as error:
            if error.type != FAULT:
                raise
            raise failure(redactor.value(error.details[0])) from None  # the cause could quote a secret
        except Fault as error:
            raise failure(redactor.value(error.error)) from None
        except Exception as error:  # noqa: BLE001 - the edge of an activity: Temporal would repeat it for ever
            detail = redactor.text(f"{doing}: {type(error).__name__}: {error}")
            raise failure(error_object("runtime", detail)) from None

    async def _opened(self, argument: dict[str, Any], redactor: Redactor) -> Opened:
        execution = argument.get("execution")
        variables = NONE
        if execution is not None and self._source is not None:
            variables = await self._source.of(execution["id"])
            for name in {*execution["secrets"], *variables.hidden}:
                redactor.add_json(variables.secrets().get(name))
                redactor.add([variables.texts.get(name, "")])
        own = copy.deepcopy(argument) if "sealed" in argument else argument
        return Opened(own, variables, redactor)


@contextlib.contextmanager
def beating() -> Iterator[None]:
    """Heartbeat while the block runs, so that a lost worker and a cancellation are noticed.

    Not at once: most calls are over before the first beat, and each beat is a call of Temporal.
    """
    if not activity.in_activity():
        yield
        return
    loop = asyncio.get_running_loop()
    next_beat: asyncio.TimerHandle

    def beat() -> None:
        nonlocal next_beat
        activity.heartbeat()
        next_beat = loop.call_later(BEAT_SECONDS, beat)

    next_beat = loop.call_later(BEAT_SECONDS, beat)
    try:
        yield
    finally:
        next_beat.cancel()
