"""The one Temporal workflow: loads an execution, walks it, reports, and continues as new when history grows.

Whatever happens ends as a report and a closed workflow: Temporal would retry an exception that escaped for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final, NoReturn

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

from stigmer_api.dsl.errors import Json
from stigmer_api.temporal import (
    CHILD_FINISHED,
    RECOVERY_MEMO,
    SET_PAUSED,
    SIGNAL_RECEIVED,
    TASK_ANSWERED,
    WORKFLOW_EXECUTION,
    ChildFinished,
    PauseState,
    SignalReceived,
    TaskAnswered,
    first_sequence,
)
from stigmer_workflow_runner.definition import compile_pinned
from stigmer_workflow_runner.engine import Engine, facts_of
from stigmer_workflow_runner.errors import Fault, bounded, describe, fault
from stigmer_workflow_runner.inbox import Inbox, event_of
from stigmer_workflow_runner.json_text import MAX_CLAIMED, MAX_CLAIMED_OUTPUT, MAX_OUTPUT, MAX_PAYLOAD, size_of
from stigmer_workflow_runner.progress import CANCELLED, COMPLETED, FAILED, PAUSED, PENDING, Progress
from stigmer_workflow_runner.runtime import Drain
from stigmer_workflow_runner.state import RunState, iso8601
from stigmer_workflow_runner.temporal_runtime import (
    FAULT_TYPE,
    SERVER_CALL,
    SERVER_RETRY,
    Pause,
    TemporalRuntime,
    fault_of,
)
from stigmer_workflow_runner.upserts import upsert, upsert_phase

LOAD: Final = "load_execution"
LOCAL_LOAD: Final = "local-load"
"""The patch of runs that load within their first step. Workers that keep no run in memory do not begin so: Temporal
would cancel and repeat what happens within a step."""
REPORT: Final = "report_progress"
TELL: Final = "stigmer.tell"
"""Name of the function that takes news; the worker supplies it, because workflow code has no way to the world."""
BESIDE: Final = "beside"
"""What `reports` of the loaded execution says when news goes beside history; runs of earlier versions have no word."""
REPORT_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(milliseconds=500), maximum_attempts=3
)
MAX_DETAILS: Final = 40_000
MAX_ARGUMENT: Final = 50 * 1024
"""Bytes of an argument for other workers, in executions that began before this was recorded."""

_PHASES: Final[Mapping[str, str]] = {COMPLETED: "completed", FAILED: "faulted", CANCELLED: "cancelled"}
LONGEST_PAUSE: Final = 60.0
"""Seconds between two attempts to report while the server is away."""

Carried = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunInput:
    """The server's `ExecutionInput`, and what an earlier run of the same execution handed on."""

    execution_id: str
    carried: Carried | None = None


@workflow.defn(name=WORKFLOW_EXECUTION)
class WorkflowExecutionRun:
    """One execution."""

    def __init__(self) -> None:
        self._finished: list[str] = []
        self._progress = Progress("")
        self._state = RunState()
        self._pause = Pause()
        self._inbox = Inbox()
        self._stopping = False
        self._local_reports = True
        self._beside = self._told = False
        self._loaded_at = 0
        self._lifecycle: dict[str, Json] | None = None
        self._shows_phase, self._phase = False, "running"

    @workflow.signal(name=SET_PAUSED)
    def set_paused(self, state: PauseState) -> None:
        """The server says that the run is to hold, or to go on."""
        self._pause.follow(paused=state.paused, number=state.number, reason=state.reason)

    @workflow.signal(name=CHILD_FINISHED)
    def child_finished(self, event: ChildFinished) -> None:
        """The server says that a child execution is terminal."""
        if event.execution_id not in self._finished:
            self._finished.append(event.execution_id)

    @workflow.signal(name=SIGNAL_RECEIVED)
    def signal_received(self, signal: SignalReceived) -> None:
        """A user's signal, or a published event."""
        event = event_of(signal.id, signal.name, signal.payload, iso8601(workflow.time()))
        self._inbox.put(signal.id, event)

    @workflow.signal(name=TASK_ANSWERED)
    def task_answered(self, answer: TaskAnswered) -> None:
        """A person's answer, as the server has checked it."""
        content = {"outcome": answer.outcome, "data": answer.form}
        self._inbox.answer(answer.id, {**content, "comment": answer.comment, "reviewer": answer.reviewer})

    @workflow.query(name="frames")
    def frames(self) -> dict[str, Any]:
        """Where the run is, for people who look into a stuck one."""
        return self._state.root

    @workflow.run
    async def run(self, given: RunInput) -> Any:
        """Run the execution to its end; the result is the workflow's output."""
        carried = given.carried
        if carried is None:
            base = first_sequence(_recovery())
            self._progress = Progress(given.execution_id, sequence=base, events_made=base)
            try:
                loaded = await self._load(given)
            except Fault as error:
                self._progress.execution_started(workflow.time())
                await self._end(FAILED, error=error.error)
                raise _failed(error) from None
            except asyncio.CancelledError:
                self._progress.execution_started(workflow.time())
                await self._end(CANCELLED)
                raise
            if loaded["ended"]:
                return None
            upsert(loaded.pop("search_attributes", []))
            self._state = RunState(input=loaded.pop("input"), started_at=workflow.time())
            self._progress.subscriptions = loaded.pop("subscriptions", [])
        else:
            loaded = carried["loaded"]
            self._state = RunState.from_json(carried["state"])
            self._progress = Progress.from_json(carried["progress"])
            if "inbox" in carried:
                self._inbox.resume(carried["inbox"])
            self._pause.follow(**carried.get("pause", asdict(Pause())))
            self._finished.extend(id_ for id_ in carried["finished"] if id_ not in self._finished)
        self._local_reports = loaded.get("local_reports", True)
        self._beside = loaded.get("reports") == BESIDE
        self._loaded_at = workflow.info().get_current_history_length()
        self._lifecycle = loaded.get("lifecycle")
        self._shows_phase = loaded.get("shows_phase", False)
        self._phase = "suspended" if self._progress.phase == PAUSED else "running"
        return await self._run(given, loaded)

    async def _load(self, given: RunInput) -> dict[str, Any]:
        argument = {"execution_id": given.execution_id}
        try:
            if workflow.patched(LOCAL_LOAD):
                try:
                    return await _loaded_locally(argument)
                except FailureError as error:  # a local activity fails with its own error, unwrapped
                    if is_cancelled_exception(error) or _is_fault(error):
                        raise
            loaded: dict[str, Any] = await workflow.execute_activity(
                LOAD, argument, start_to_close_timeout=SERVER_CALL, retry_policy=SERVER_RETRY
            )
        except FailureError as error:
            if is_cancelled_exception(error):
                raise asyncio.CancelledError from error
            raise fault_of(error, "loading the execution") from error
        return loaded

    async def _run(self, given: RunInput, loaded: dict[str, Any]) -> Any:
        reporter: asyncio.Task[None] | None = None
        try:
            if self._progress.phase == PENDING:
                self._progress.execution_started(workflow.time())
                if not self._beside:
                    await self._send()  # subscribers see IN_PROGRESS however short the run is
            reporter = asyncio.create_task(self._report())
            output = await self._walk(given, loaded)
        except Drain:
            await self._stop(reporter)
            if self._beside and self._progress.unsettled:
                await self._send()  # what the next run does not have to carry
            self._continue(given, loaded)
        except Fault as error:
            await self._stop(reporter)
            await self._end(FAILED, error=error.error)
            raise _failed(error) from None
        except asyncio.CancelledError:
            await self._stop(reporter)
            await self._end(CANCELLED)
            raise
        except Exception as error:  # noqa: BLE001 - the edge: an exception that escapes wedges the execution
            workflow.logger.exception("the interpreter failed")
            await self._stop(reporter)
            broken = fault("runtime", f"{type(error).__name__} in the runner: {error}")
            await self._end(FAILED, error=broken.error)
            raise _failed(broken) from None
        await self._stop(reporter)
        await self._end(COMPLETED, output=output)
        return output

    async def _walk(self, given: RunInput, loaded: dict[str, Any]) -> Json:
        definition = compile_pinned(loaded["sha256"], loaded["definition"])
        own = {"parent": given.execution_id, "org": loaded["org"], "recovery": _recovery()}
        claimed = bool(loaded.get("claim_check"))  # decided once for the whole execution, whatever is set later
        max_payload, max_output = (MAX_CLAIMED, MAX_CLAIMED_OUTPUT) if claimed else (MAX_PAYLOAD, MAX_OUTPUT)
        runtime = TemporalRuntime(own, self._finished, self._pause, self._progress, self._inbox, loaded["max_events"])
        runtime.max_payload, runtime.on_phase = max_payload, self._show_phase
        runtime.max_argument = loaded.get("claim_threshold", MAX_ARGUMENT) if claimed else MAX_PAYLOAD
        engine = Engine(definition, self._state, runtime, self._progress, facts_of(given.execution_id))
        while True:
            try:
                output = await engine.run()
            except Drain:
                if size_of(self._carried(loaded)) <= max_payload:
                    raise
                runtime.may_drain = False  # too much data to hand on: history has room for a good while yet
            else:
                if size_of(output) > max_output:
                    raise fault("runtime", f"the output of the workflow is larger than {max_output} bytes")
                return output

    def _carried(self, loaded: dict[str, Any]) -> Carried:
        return {
            "loaded": loaded,
            "state": self._state.to_json(),
            "progress": self._progress.to_json(),
            "finished": self._finished,
            "pause": asdict(self._pause),
            "inbox": self._inbox.to_json(),
        }

    def _continue(self, given: RunInput, loaded: dict[str, Any]) -> NoReturn:
        workflow.continue_as_new(RunInput(given.execution_id, self._carried(loaded)))

    # --- reports -----------------------------------------------------------------------------------------------

    async def _report(self) -> None:
        """Send what changed: one report in flight, everything that happens meanwhile goes into the next."""
        failures = 0
        while True:
            await workflow.wait_condition(lambda: self._stopping or self._must_send() or self._may_tell())
            if self._stopping:
                return
            if not self._must_send():
                self._tell()
                continue
            if await self._send():
                failures = 0
                continue
            failures += 1
            pause = timedelta(seconds=min(LONGEST_PAUSE, 2.0**failures))
            try:
                await workflow.wait_condition(lambda: self._stopping, timeout=pause)
            except TimeoutError:
                continue

    def _must_send(self) -> bool:
        return self._progress.due if self._beside else self._progress.unsettled

    def _may_tell(self) -> bool:
        return self._beside and self._progress.fresh

    def _tell(self) -> None:
        """Hand over the news. No command, so nothing of it is in history; what becomes of it changes nothing here."""
        report = self._stamped(self._progress.news())
        self._told = True
        tell = workflow.extern_functions().get(TELL)  # a replay of tests has none
        if tell is not None:
            tell(report)

    async def _send(self) -> bool:
        report = self._progress.take()
        call = workflow.execute_local_activity if self._local_reports else workflow.execute_activity
        try:
            await call(
                REPORT, self._stamped(report), start_to_close_timeout=timedelta(seconds=10), retry_policy=REPORT_RETRY
            )
        except FailureError as error:  # a local activity fails with its own error, unwrapped
            if is_cancelled_exception(error):
                self._progress.give_back()
                raise asyncio.CancelledError from error
            if _is_fault(error):
                workflow.logger.warning("the server refuses a report: %s", error.cause or error)
                self._progress.acknowledge()  # it would refuse it again
                return True
            self._progress.give_back()
            return False
        self._progress.acknowledge()
        return True

    async def _stop(self, reporter: asyncio.Task[None] | None) -> None:
        if reporter is None:
            return
        self._stopping = True
        await _uncancelled(workflow.wait([reporter]))
        self._stopping = False
        broken = reporter.exception()
        if broken is not None:
            workflow.logger.error("reporting failed: %r", broken)
            self._progress.give_back()

    async def _end(self, phase: str, output: Json = None, error: dict[str, Json] | None = None) -> None:
        """The last report, repeated until the server has it: the execution must not stay open."""
        if self._beside and not self._told:
            self._tell()  # subscribers see IN_PROGRESS however short the run is
        if self._phase == "suspended":
            self._show_phase(_PHASES[phase])
        self._progress.execution_ended(phase, workflow.time(), output, error)
        try:
            await _uncancelled(self._last(self._stamped(self._progress.take())))
        except FailureError as refused:
            workflow.logger.warning("the server refuses the last report: %s", refused.cause or refused)
        self._progress.acknowledge()

    async def _last(self, report: dict[str, Any]) -> None:
        # A step that is lost runs again. With what it loaded in it, it would find an execution that has ended.
        loaded_before = workflow.info().get_current_history_length() > self._loaded_at
        if self._beside and self._local_reports and loaded_before:
            try:
                await workflow.execute_local_activity(
                    REPORT, report, start_to_close_timeout=timedelta(seconds=10), retry_policy=REPORT_RETRY
                )
            except FailureError as error:
                if _is_fault(error):
                    raise
            else:
                return
        await workflow.execute_activity(REPORT, report, start_to_close_timeout=SERVER_CALL, retry_policy=SERVER_RETRY)

    def _show_phase(self, phase: str) -> None:
        """The search attribute, when Temporal has it."""
        if self._shows_phase and phase != self._phase:
            self._phase = phase
            upsert_phase(phase)

    def _stamped(self, report: dict[str, Any]) -> dict[str, Any]:
        told = {"lifecycle": self._lifecycle} if self._lifecycle else {}
        return {**report, **told, "temporal_workflow_id": workflow.info().workflow_id}


async def _loaded_locally(argument: dict[str, Any]) -> dict[str, Any]:
    """Load within the step. Not for long: while the server is away, an activity of history waits at less cost."""
    loaded: dict[str, Any] = await workflow.execute_local_activity(
        LOAD, argument, start_to_close_timeout=timedelta(seconds=20), retry_policy=REPORT_RETRY
    )
    return loaded


def _is_fault(error: FailureError) -> bool:
    """Whether an activity failed for good; a local one fails with its own error, unwrapped."""
    cause = error.cause if isinstance(error, ActivityError) else error
    return isinstance(cause, ApplicationError) and cause.type == FAULT_TYPE


async def _uncancelled(work: Coroutine[Any, Any, Any]) -> None:
    """Run `work` to its end in a task of its own: a cancellation that arrives meanwhile comes too late."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await workflow.wait([task])
        except asyncio.CancelledError:
            continue
    task.result()


def _recovery() -> int:
    """How often the execution had been started again before this Temporal run and those it continues."""
    return int(workflow.memo_value(RECOVERY_MEMO, 0, type_hint=int))


def _failed(error: Fault) -> ApplicationError:
    """How the Temporal workflow fails. Without causes: Temporal refuses long chains, and the object says it all."""
    found = bounded(error.error)
    if size_of(found) > MAX_DETAILS:  # it must lie in history: the server reads it, and has no claim check
        found = bounded({key: error.error.get(key) for key in ("type", "status", "instance", "title", "detail")}, 1_000)
    return ApplicationError(describe(found), found, type=str(found.get("type")), non_retryable=True)
