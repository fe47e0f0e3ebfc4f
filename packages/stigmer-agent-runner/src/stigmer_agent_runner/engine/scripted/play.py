"""One run of a case of a script, and of the sub-agents that it delegates to.

The next turn is found by counting the saved ones, so nothing about the position is kept in memory: a run, and each
sub-agent in it, resumes wherever the one before it died.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from stigmer_agent_runner.engine.delegation import DELEGATION, segment_for, subject_of
from stigmer_agent_runner.engine.gate import Answer, Call, Ending, Gate, Run, Wait, closed
from stigmer_agent_runner.engine.limits import Spending, notice_of
from stigmer_agent_runner.engine.protocol import (
    Completed,
    Control,
    Emit,
    Event,
    MessageDone,
    MessageStarted,
    Notice,
    Outcome,
    Segment,
    StopReason,
    SubAgentEvent,
    SubAgentStarted,
    TextDelta,
    Usage,
    Waiting,
)
from stigmer_agent_runner.engine.retry import RetryPolicy, is_retryable_status
from stigmer_agent_runner.engine.running import run_tool
from stigmer_agent_runner.engine.scripted.expectations import check_expectations
from stigmer_agent_runner.engine.scripted.script import Case, Fault, Script, Turn
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

_SCRIPT_ASKS = enum_pb2.APPROVAL_POLICY_SOURCE_AGENT_OVERRIDE


class _Unfinished(Exception):
    """A sub-agent has not ended: nothing is saved for the call that it works for."""


@dataclass(frozen=True, slots=True)
class Who:
    """Whose run it is. key: names it among those of an execution. sub_agent and subject: empty for the agent itself."""

    key: str
    sub_agent: str = ""
    subject: str = ""


@dataclass(slots=True)
class Play:
    """One run of one case."""

    segment: Segment
    case: Case
    script: Script
    who: Who
    progress: Progress
    transcript: Transcript
    toolbox: Toolbox
    gate: Gate
    emit: Emit
    control: Control
    retry: RetryPolicy
    spending: Spending

    @classmethod
    async def of(cls, segment: Segment, script: Script, emit: Emit, control: Control, retry: RetryPolicy) -> Play:
        """The run of an agent. Raises ScriptError."""
        gate = Gate.of(segment, emit)
        return await cls._made(segment, script, Who(segment.execution_id), gate, (control, retry))

    @classmethod
    async def _made(
        cls, segment: Segment, script: Script, who: Who, gate: Gate, means: tuple[Control, RetryPolicy]
    ) -> Play:
        case = script.case_for(segment.message, who.sub_agent)
        transcript = Transcript(segment.checkpoints, who.key)
        progress = await transcript.open(segment.message)
        toolbox = Toolbox(FileTools.of(segment))
        return cls(
            segment, case, script, who, progress, transcript, toolbox, gate, gate.emit, *means, Spending.of(segment)
        )

    async def run(self) -> Outcome:
        """Play until the last turn is said, somebody must be asked, or the run is to stop."""
        turns = self.progress.turns
        for number, turn in enumerate(turns):
            self._announce(number, turn)
        while True:
            if turns:
                await self._run_calls(turns[-1])
                if not turns[-1].calls:
                    return Completed(turns[-1].say)
                unfinished = any(call.call_id not in self.progress.results for call in turns[-1].calls)
                if unfinished and self.gate.asks and self.control.reason is not StopReason.CANCEL:
                    return Waiting(tuple(self.gate.asks.values()))
            if self.control.reason is not None:
                return self.control.outcome()
            await self._next_turn(len(turns))

    def _announce(self, number: int, turn: SavedTurn) -> None:
        """Tell what a run before this one did."""
        self.emit(MessageStarted(number, self.segment.model.label))
        self.emit(MessageDone(number, turn.say, self._usage(turn)))
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
        limit = await self.spending.reached(0 if self.who.sub_agent else number)
        if limit:
            self.emit(Notice("limit", notice_of(limit)))
        turn = Turn(f"Stopped: the limit of {limit} is reached.") if limit else self.case.turns[number]
        results = self.progress.last_results()
        check_expectations(turn, results)
        failpoint("before-model")
        saved = await self.retry.call(
            _Attempts(self, number, turn, results).next,
            emit=self.emit,
            control=self.control,
            notice_key=f"turn-{number}/retry",
        )
        failpoint("after-model")
        await self.transcript.save_turn(number, saved)
        self.progress.turns.append(saved)
        await self.spending.note(self.who.key, number, self._usage(saved))
        self.emit(MessageDone(number, saved.say, self._usage(saved)))
        self._request(number, saved)

    def _usage(self, turn: SavedTurn) -> Usage | None:
        """The tokens that the script claims, when it claims any."""
        return self.segment.priced(Usage(*turn.usage)) if any(turn.usage) else None

    def render(self, number: int, turn: Turn, results: Mapping[str, str]) -> SavedTurn:
        user = self.segment.message
        calls = tuple(
            SavedCall(
                f"call-{self.who.key}-{number}-{at}",
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
        call = Call(saved.call_id, saved.tool, saved.args, rule, self.who.sub_agent, self.who.subject)
        verdict = await self.gate.judge(call)
        if isinstance(verdict, Wait):
            return
        if isinstance(verdict, Run):
            carry_out = self._delegate if self._is_delegation(saved) else self._carry_out
            try:
                verdict = await self.gate.carry_out(call, verdict, partial(carry_out, call, verdict.args))
            except _Unfinished:
                return  # its sub-agent waits or was asked to stop: it goes on from its own saved turns
        result = SavedResult(verdict.text, verdict.ending.value)
        failpoint("before-checkpoint")
        await self.transcript.save_result(saved.call_id, result)
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

    def _is_delegation(self, call: SavedCall) -> bool:
        return call.tool == DELEGATION and bool(self.segment.abilities.sub_agents)

    async def _delegate(self, call: Call, args: Mapping[str, Any]) -> Answer:
        """Have a sub-agent work. Raises _Unfinished when it could not end."""
        agents = {agent.name: agent for agent in self.segment.abilities.sub_agents}
        task = args.get("description")
        agent = agents.get(str(args.get("subagent_type")))
        if agent is None or not isinstance(task, str) or not task:
            text = f"Error: {DELEGATION} needs a `description` and a `subagent_type`: {', '.join(agents)}"
            return Answer(text, Ending.FAILED)
        self.emit(SubAgentStarted(call.call_id, agent.name, task, subject_of(task)))

        def emit(event: Event) -> None:
            self.emit(SubAgentEvent(call.call_id, event))

        segment = segment_for(self.segment, agent, task)
        gate = dataclasses.replace(self.gate, emit=emit, traits=segment.tools.traits)
        who = Who(call.call_id.removeprefix("call-"), agent.name, subject_of(task))
        try:
            play = await self._made(segment, self.script, who, gate, (self.control, self.retry))
            play.spending = self.spending
            outcome = await play.run()
        except (ScriptError, ModelError) as error:
            return Answer(f"Error: the sub-agent {agent.name} failed: {error}", Ending.FAILED)
        if isinstance(outcome, Completed):
            return Answer(outcome.text)
        raise _Unfinished

    def _report(self, call: SavedCall, result: SavedResult) -> None:
        self.emit(closed(call.call_id, result.text, Ending(result.ending)))


@dataclass(slots=True)
class _Attempts:
    """The attempts at one turn: each goes through the faults that stand before it."""

    play: Play
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


def _words(text: str) -> Iterator[str]:
    yield from re.findall(r"\S+\s*|\s+", text)
