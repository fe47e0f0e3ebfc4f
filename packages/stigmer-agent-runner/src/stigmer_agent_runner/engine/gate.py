"""The gate before every tool call: whether it may run, with which arguments, or what the model reads instead.

Fails closed: without a stored yes nothing that asks runs, and a call whose outcome is unknown is never repeated in
silence. Decisions are found by the id of the question, so that those of parallel and nested calls cannot mix.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from stigmer_agent_runner.approvals.policy import Action, Approvals, Ask, Decision
from stigmer_agent_runner.engine.ledger import CallState, Entry, Ledger
from stigmer_agent_runner.engine.limits import Limits
from stigmer_agent_runner.engine.protocol import (
    ApprovalGiven,
    ApprovalRequested,
    Emit,
    Event,
    Segment,
    ToolDone,
    ToolFailed,
    ToolSkipped,
    ToolStarted,
)
from stigmer_agent_runner.failpoints import failpoint
from stigmer_agent_runner.tools.tool import AfterCrash, ApprovalRule, Traits
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

_UNKNOWN = (
    "The runner was stopped while {tool} ran: it may have had its effect or not. Approve to run it again, or skip it."
)
_UNKNOWN_TO_MODEL = (
    "Error: the runner was stopped while this call ran, so its outcome is unknown: it may have had its effect or not."
    " It was not repeated. Look at the present state before you call it again."
)
_ONLY_PLANS = (
    "Refused: this run only plans, and {tool} could change something. Nothing was done. Put the call into your plan"
    " instead, and use tools that only read."
)


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that a model asks for. rule: asks for approval whatever the tool says.

    sub_agent and subject: who asks, when it is not the agent itself.
    """

    call_id: str
    tool: str
    args: Mapping[str, Any]
    rule: ApprovalRule | None = None
    sub_agent: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """The call may run with these arguments. waived_by: the policy that let it pass unasked."""

    args: Mapping[str, Any]
    waived_by: enum_pb2.ApprovalPolicySource = enum_pb2.APPROVAL_POLICY_SOURCE_UNSPECIFIED


class Ending(Enum):
    """How a call ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It was not carried out, because a person or a policy said so."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model reads as the result of a call."""

    text: str
    ending: Ending = Ending.DONE


@dataclass(frozen=True, slots=True)
class Wait:
    """The call waits for a person."""

    ask: Ask


Verdict = Run | Answer | Wait


@dataclass(slots=True)
class Gate:
    """The gate of one run. plans: only what reads may run. asks: what waits, by call."""

    execution_id: str
    approvals: Approvals
    traits: Callable[[str], Traits]
    ledger: Ledger
    emit: Emit
    limits: Limits = field(default_factory=Limits)
    plans: bool = False
    asks: dict[str, Ask] = field(default_factory=dict)

    @classmethod
    def of(cls, segment: Segment, emit: Emit) -> Gate:
        """The gate of a segment."""
        ledger = Ledger(segment.checkpoints, segment.execution_id)
        rules = (segment.approvals, segment.tools.traits, ledger, emit, segment.limits, segment.plans)
        return cls(segment.execution_id, *rules)

    async def judge(self, call: Call) -> Verdict:
        """Say what to do with a call, and tell the user. Judging again gives the same."""
        traits = self.traits(call.tool)
        if self.plans and not traits.reads_only:
            return Answer(_ONLY_PLANS.format(tool=call.tool), Ending.SKIPPED)
        entry = None
        if traits.after_crash is not AfterCrash.RERUN:
            entry = await self.ledger.find(call.call_id)
        if entry is not None and entry.state is CallState.DONE:
            return Answer(entry.text, Ending.FAILED if entry.failed else Ending.DONE)
        verdict = self._approved(call, traits)
        if isinstance(verdict, Run) and entry is not None:
            verdict = self._again(call, traits, entry, verdict)
        if isinstance(verdict, Wait):
            failpoint("before-approval")
            self.asks[call.call_id] = verdict.ask
            self.emit(ApprovalRequested(verdict.ask, self.approvals.patience))
        else:
            self.asks.pop(call.call_id, None)
        return verdict

    async def carry_out(self, call: Call, verdict: Run, run: Callable[[], Awaitable[Answer]]) -> Answer:
        """Run a call that may run, with its place in the ledger. `run` raises nothing that a model could read."""
        guarded = self.traits(call.tool).after_crash is not AfterCrash.RERUN
        failpoint("before-tool-start")
        if guarded:
            await self.ledger.start(call.call_id, call.tool)
        edited = verdict.args if verdict.args != call.args else None
        self.emit(ToolStarted(call.call_id, edited, verdict.waived_by))
        failpoint("after-tool-start")
        result = await run()
        result = replace(result, text=self.limits.shortened(result.text))
        failpoint("before-tool-end")
        if guarded:
            await self.ledger.done(call.call_id, result.text, failed=result.ending is Ending.FAILED)
        failpoint("after-tool-end")
        return result

    def _approved(self, call: Call, traits: Traits) -> Verdict:
        """What the approval rule of the tool says."""
        rule = call.rule or (traits.approval(call.args) if traits.approval is not None else None)
        decision = self.approvals.decisions.get(call.call_id)
        if decision is not None:
            return self._follow(call, decision)
        if rule is None:
            return Run(call.args)
        if self.approvals.approve_all:
            return Run(call.args, enum_pb2.APPROVAL_POLICY_SOURCE_AUTO_APPROVE_ALL)
        if self.approvals.rest_approved:
            return Run(call.args, enum_pb2.APPROVAL_POLICY_SOURCE_APPROVAL_LEASE)
        if self.approvals.unattended:
            return Answer(
                f"Skipped: {call.tool} needs a person's approval ({rule.message}), and this execution runs unattended."
                " Go on without it.",
                Ending.SKIPPED,
            )
        return Wait(_ask(call, call.call_id, call.args, rule, traits))

    def _again(self, call: Call, traits: Traits, entry: Entry, approved: Run) -> Verdict:
        """What becomes of a call that was under way when the runner died."""
        request_id = f"{call.call_id}/retry-{entry.attempts}"
        decision = self.approvals.decisions.get(request_id)
        if decision is not None:
            verdict = self._follow(call, decision)
            return Run(approved.args) if isinstance(verdict, Run) and decision.args is None else verdict
        if traits.after_crash is AfterCrash.TELL or self.approvals.unattended or self.approvals.approve_all:
            return Answer(_UNKNOWN_TO_MODEL, Ending.FAILED)
        rule = ApprovalRule(_UNKNOWN.format(tool=call.tool), enum_pb2.APPROVAL_POLICY_SOURCE_CLASSIFIER_DEFAULT)
        return Wait(_ask(call, request_id, approved.args, rule, traits))

    def _follow(self, call: Call, decision: Decision) -> Verdict:
        self.emit(ApprovalGiven(call.call_id, decision))
        failpoint("after-approval")
        if decision.is_yes:
            return Run(call.args if decision.args is None else decision.args)
        said = f" They said: {decision.comment}" if decision.comment else ""
        if decision.action is Action.SKIP:
            text = f"Skipped: {decision.by} skipped this call of {call.tool}. Go on without it.{said}"
        else:
            text = (
                f"Rejected: {decision.by} does not allow this call of {call.tool}. Do not look for a way around.{said}"
            )
        return Answer(text, Ending.SKIPPED)


def closed(call_id: str, text: str, ending: Ending) -> Event:
    """The event of a call that has ended."""
    if ending is Ending.SKIPPED:
        return ToolSkipped(call_id, text)
    return ToolFailed(call_id, text) if ending is Ending.FAILED else ToolDone(call_id, text)


def _ask(call: Call, request_id: str, args: Mapping[str, Any], rule: ApprovalRule, traits: Traits) -> Ask:
    return Ask(
        request_id=request_id,
        call_id=call.call_id,
        tool=call.tool,
        args=args,
        message=rule.message,
        source=rule.source,
        kind=traits.kind,
        mcp_server=traits.mcp_server,
        sub_agent=call.sub_agent,
        sub_agent_subject=call.subject,
    )
