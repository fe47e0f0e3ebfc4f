"""Plays a script: picks the turn by counting the saved ones, says it word by word and runs its tools.

Nothing about the position is kept in memory, so a run resumes wherever the one before it died.
"""

from __future__ import annotations

import asyncio
import difflib
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from stigmer_agent_runner.engine.gate import Answer, Call, Ending, Gate, Run, Wait, closed
from stigmer_agent_runner.engine.protocol import (
    Completed,
    Control,
    Emit,
    Failed,
    MessageDone,
    MessageStarted,
    Outcome,
    Segment,
    StopReason,
    TextDelta,
    Usage,
    Waiting,
)
from stigmer_agent_runner.engine.retry import RetryPolicy, is_retryable_status
from stigmer_agent_runner.engine.running import run_tool
from stigmer_agent_runner.engine.scripted import builtin
from stigmer_agent_runner.engine.scripted.script import Case, Fault, Script, Turn, parse_script
from stigmer_agent_runner.engine.scripted.templates import render
from stigmer_agent_runner.engine.scripted.transcript import (
    Progress,
    SavedCall,
    SavedResult,
    SavedTurn,
    Transcript,
)
from stigmer_agent_runner.errors import ModelError, RunStopped, ScriptError, ToolError
from stigmer_agent_runner.failpoints import failpoint
from stigmer_agent_runner.tools.files import FileTools
from stigmer_agent_runner.tools.tool import ApprovalRule, Invocation
from stigmer_agent_runner.tools.toolbox import Toolbox
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stigmer_agent_runner.settings import Settings


_SCRIPT_ASKS = enum_pb2.APPROVAL_POLICY_SOURCE_AGENT_OVERRIDE


def create(settings: Settings) -> ScriptedEngine:
    """Make the engine for engine.registry."""
    longest = settings.llm_retry_seconds * 16
    return ScriptedEngine(RetryPolicy(settings.llm_max_attempts, settings.llm_retry_seconds, longest))


class ScriptedEngine:
    """The engine of provider `scripted`."""

    def __init__(self, retry: RetryPolicy) -> None:
        self._retry = retry

    async def run(self, segment: Segment, emit: Emit, control: Control) -> Outcome:
        """Play the case for the segment's message until its last turn is said."""
        try:
            case = _script_of(segment).case_for(segment.message)
            transcript = Transcript(segment.paths.checkpoints, segment.execution_id)
            progress = await asyncio.to_thread(transcript.open, segment.message)
            toolbox = Toolbox(FileTools.of(segment))
            gate = Gate.of(segment, emit)
            return await _Play(segment, case, progress, transcript, toolbox, gate, emit, control, self._retry).run()
        except ScriptError as error:
            return Failed(error.kind, str(error))
        except ModelError as error:
            return Failed(error.kind, str(error))
        except RunStopped:
            return control.outcome()


def _script_of(segment: Segment) -> Script:
    name = segment.model.model
    if not name and segment.script:
        return parse_script(segment.script)
    text = builtin.SCRIPTS.get(name or builtin.DEFAULT)
    if text is None:
        raise ScriptError(
            f"there is no builtin script {name!r}; write `scripted` and give the agent a spec.script,"
            f" or name one of: {', '.join(builtin.SCRIPTS)}"
        )
    return parse_script(text)


@dataclass(slots=True)
class _Play:
    """One run of one case."""

    segment: Segment
    case: Case
    progress: Progress
    transcript: Transcript
    toolbox: Toolbox
    gate: Gate
    emit: Emit
    control: Control
    retry: RetryPolicy

    async def run(self) -> Outcome:
        turns = self.progress.turns
        for number, turn in enumerate(turns):
            self._announce(number, turn)
        while True:
            if turns:
                await self._run_calls(turns[-1])
                if not turns[-1].calls:
                    return Completed(turns[-1].say)
                if self.gate.asks and self.control.reason is not StopReason.CANCEL:
                    return Waiting(tuple(self.gate.asks.values()))
            if self.control.reason is not None:
                return self.control.outcome()
            await self._next_turn(len(turns))

    def _announce(self, number: int, turn: SavedTurn) -> None:
        """Tell what a run before this one did."""
        self.emit(MessageStarted(number, self.segment.model.label))
        self.emit(MessageDone(number, turn.say, _usage(turn)))
        self._request(number, turn)
        for call in turn.calls:
            if call.call_id in self.progress.results:
                self._report(call, self.progress.results[call.call_id])

    async def _next_turn(self, number: int) -> None:
        if number >= len(self.case.turns):
            raise ScriptError(
                f"the case {self.case.name!r} has {len(self.case.turns)} turn(s), but the run stands before turn"
                f" {number + 1}; the script changed while it ran"
            )
        turn = self.case.turns[number]
        results = self.progress.last_results()
        _check_expectations(turn, results)
        failpoint("before-model")
        saved = await self.retry.call(
            _Attempts(self, number, turn, results).next,
            emit=self.emit,
            control=self.control,
            notice_key=f"turn-{number}/retry",
        )
        failpoint("after-model")
        await asyncio.to_thread(self.transcript.save_turn, number, saved)
        self.progress.turns.append(saved)
        self.emit(MessageDone(number, saved.say, _usage(saved)))
        self._request(number, saved)

    def render(self, number: int, turn: Turn, results: Mapping[str, str]) -> SavedTurn:
        user = self.segment.message
        calls = tuple(
            SavedCall(
                f"call-{self.segment.execution_id}-{number}-{at}",
                call.tool,
                render(call.args, user, results),
                call.approval,
            )
            for at, call in enumerate(turn.calls)
        )
        return SavedTurn(render(turn.say, user, results), calls, turn.usage)

    async def say(self, number: int, text: str, delay_ms: int) -> None:
        for word in _words(text):
            if delay_ms and await self.control.wait(delay_ms / 1000):
                raise RunStopped("stopped while speaking")
            self.emit(TextDelta(number, word))

    def _request(self, number: int, turn: SavedTurn) -> None:
        for at, call in enumerate(turn.calls):
            self.emit(self.segment.requested(number, at, call.call_id, call.tool, call.args))

    async def _run_calls(self, turn: SavedTurn) -> None:
        waiting = [call for call in turn.calls if call.call_id not in self.progress.results]
        async with asyncio.TaskGroup() as group:
            for call in waiting:
                group.create_task(self._run_call(call))

    async def _run_call(self, saved: SavedCall) -> None:
        rule = ApprovalRule(saved.approval, _SCRIPT_ASKS) if saved.approval else None
        call = Call(saved.call_id, saved.tool, saved.args, rule)
        verdict = await self.gate.judge(call)
        if isinstance(verdict, Wait):
            return
        if isinstance(verdict, Run):
            verdict = await self.gate.carry_out(call, verdict, partial(self._carry_out, call, verdict.args))
        result = SavedResult(verdict.text, verdict.ending.value)
        failpoint("before-checkpoint")
        await asyncio.to_thread(self.transcript.save_result, saved.call_id, result)
        failpoint("after-checkpoint")
        self.progress.results[saved.call_id] = result
        self._report(saved, result)

    async def _carry_out(self, call: Call, args: Mapping[str, Any]) -> Answer:
        tool = self.segment.tools.tools.get(call.tool)
        if tool is not None:
            return await run_tool(tool, Invocation(self.segment.execution_id, call.call_id, args))
        try:
            return Answer(await asyncio.to_thread(self.toolbox.call, call.tool, args))
        except ToolError as error:
            return Answer(f"Error: {error}", Ending.FAILED)

    def _report(self, call: SavedCall, result: SavedResult) -> None:
        self.emit(closed(call.call_id, result.text, Ending(result.ending)))


@dataclass(slots=True)
class _Attempts:
    """The attempts at one turn: each goes through the faults that stand before it."""

    play: _Play
    number: int
    turn: Turn
    results: Mapping[str, str]
    made: int = 0

    async def next(self) -> SavedTurn:
        """Make one attempt: raise the fault whose turn it is, or say the turn."""
        self.made += 1
        self.play.emit(MessageStarted(self.number, self.play.segment.model.label))
        passed = 0
        for fault in self.turn.faults:
            if fault.times is None or self.made <= passed + fault.times:
                raise _fault(fault)
            passed += fault.times
        saved = self.play.render(self.number, self.turn, self.results)
        await self.play.say(self.number, saved.say, self.turn.delay_ms)
        return saved


def _fault(fault: Fault) -> ModelError:
    text = fault.message or f"the script answers with the error status {fault.status}"
    retryable = is_retryable_status(fault.status)
    kind = "model_unavailable" if retryable else "model_rejected"
    return ModelError(text, kind=kind, retryable=retryable, retry_after=fault.retry_after)


def _usage(turn: SavedTurn) -> Usage | None:
    """The tokens that the script claims, when it claims any."""
    return Usage(*turn.usage) if any(turn.usage) else None


def _words(text: str) -> Iterator[str]:
    yield from re.findall(r"\S+\s*|\s+", text)


def _check_expectations(turn: Turn, results: Mapping[str, str]) -> None:
    for tool, pattern in turn.expect.items():
        if tool not in results:
            known = ", ".join(results) or "none"
            raise ScriptError(f"line {turn.line}: expected a result of {tool}; there are results of: {known}")
        if not _fits(pattern, results[tool]):
            diff = difflib.ndiff(pattern.splitlines(), results[tool].splitlines())
            raise ScriptError(f"line {turn.line}: unexpected result of {tool} (- expected, + got):\n" + "\n".join(diff))


def _fits(pattern: str, text: str) -> bool:
    """Whether `text` is `pattern`, where `...` stands for anything."""
    pieces = [re.escape(piece) for piece in pattern.strip().split("...")]
    return re.fullmatch(".*".join(pieces), text.strip(), re.DOTALL) is not None
