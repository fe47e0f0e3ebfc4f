"""The gate and the ledger by themselves: what runs, what asks, and what is never repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stigmer_agent_runner.approvals.policy import Action, Approvals, Decision
from stigmer_agent_runner.checkpoints.local import LocalCheckpoints
from stigmer_agent_runner.engine.gate import Answer, Call, Ending, Gate, Run, Wait
from stigmer_agent_runner.engine.ledger import Ledger
from stigmer_agent_runner.engine.protocol import ApprovalGiven, ApprovalRequested, Event, ToolStarted
from stigmer_agent_runner.tools.tool import AfterCrash, ApprovalRule, Traits

CALL = Call("c1", "pay", {"amount": 5})
YES = Decision(Action.APPROVE, "ada", "2026-01-01T00:00:00Z")
ASKS = Traits(lambda args: ApprovalRule("it costs money") if args["amount"] > 1 else None)


class World:
    """A gate over a fresh ledger, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(LocalCheckpoints(folder / "checkpoints.db"), "aex-1")
        self.events: list[Event] = []
        self.runs = 0

    def gate(self, traits: Traits = ASKS, **approvals: Any) -> Gate:
        """A gate as the next segment makes it."""
        return Gate("aex-1", Approvals(**approvals), lambda _name: traits, self.ledger, self.events.append)

    async def carry_out(self) -> Answer:
        """Count a run of the tool."""
        self.runs += 1
        return Answer("paid")

    async def die(self, attempts: int = 1) -> None:
        """Leave the call as a runner leaves it that dies while it runs."""
        for _ in range(attempts):
            await self.ledger.start("c1", "pay")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A fresh world."""
    return World(tmp_path)


async def test_a_call_runs_when_nothing_asks_and_waits_when_its_arguments_do(world: World) -> None:
    gate = world.gate()
    assert await gate.judge(Call("c0", "pay", {"amount": 1})) == Run({"amount": 1})
    verdict = await gate.judge(CALL)
    assert isinstance(verdict, Wait)
    assert (verdict.ask.request_id, verdict.ask.message) == ("c1", "it costs money")
    assert list(gate.asks) == ["c1"]
    assert world.events == [ApprovalRequested(verdict.ask)]


@pytest.mark.parametrize(
    ("decision", "verdict"),
    [
        (YES, Run({"amount": 5})),
        (Decision(Action.APPROVE_ALL), Run({"amount": 5})),
        (Decision(Action.APPROVE, args={"amount": 2}), Run({"amount": 2})),
        (
            Decision(Action.SKIP, "ada"),
            Answer("Skipped: ada skipped this call of pay. Go on without it.", Ending.SKIPPED),
        ),
    ],
)
async def test_a_stored_decision_is_followed(world: World, decision: Decision, verdict: Any) -> None:
    gate = world.gate(decisions={"c1": decision})
    assert await gate.judge(CALL) == verdict
    assert world.events == [ApprovalGiven("c1", decision)]
    assert not gate.asks


async def test_an_answer_to_another_call_is_no_answer(world: World) -> None:
    assert isinstance(await world.gate(decisions={"c2": YES, "c1/retry-1": YES}).judge(CALL), Wait)


async def test_a_completed_call_is_never_repeated_even_when_its_checkpoint_was_lost(world: World) -> None:
    gate = world.gate(decisions={"c1": YES})
    verdict = await gate.judge(CALL)
    assert isinstance(verdict, Run)
    assert await gate.carry_out(CALL, verdict, world.carry_out) == Answer("paid")
    assert await world.gate().judge(CALL) == Answer("paid")
    assert world.runs == 1
    assert [event for event in world.events if isinstance(event, ToolStarted)] == [ToolStarted("c1")]


async def test_a_call_that_was_under_way_becomes_a_question_of_its_own(world: World) -> None:
    await world.die()
    approved = {"c1": Decision(Action.APPROVE, args={"amount": 2})}
    verdict = await world.gate(decisions=approved).judge(CALL)
    assert isinstance(verdict, Wait)
    assert (verdict.ask.request_id, verdict.ask.args) == ("c1/retry-1", {"amount": 2})
    assert "it may have had its effect or not" in verdict.ask.message
    assert await world.gate(decisions={**approved, "c1/retry-1": YES}).judge(CALL) == Run({"amount": 2})
    skipped = await world.gate(decisions={**approved, "c1/retry-1": Decision(Action.SKIP, "ada")}).judge(CALL)
    assert isinstance(skipped, Answer)
    await world.die()
    again = await world.gate(decisions={**approved, "c1/retry-1": YES}).judge(CALL)
    assert isinstance(again, Wait)
    assert again.ask.request_id == "c1/retry-2"


@pytest.mark.parametrize("approvals", [{"unattended": True}, {"approve_all": True}])
async def test_where_nobody_is_asked_the_model_is_told_that_the_outcome_is_unknown(
    world: World, approvals: dict[str, bool]
) -> None:
    await world.die()
    verdict = await world.gate(Traits(), **approvals).judge(CALL)
    assert isinstance(verdict, Answer)
    assert (verdict.ending, "its outcome is unknown" in verdict.text) == (Ending.FAILED, True)


async def test_idempotent_calls_run_again_and_others_say_so(world: World) -> None:
    await world.die()
    assert await world.gate(Traits(after_crash=AfterCrash.RERUN)).judge(CALL) == Run({"amount": 5})
    told = await world.gate(Traits(after_crash=AfterCrash.TELL)).judge(CALL)
    assert isinstance(told, Answer)
    assert told.ending is Ending.FAILED
    waiting = await world.gate(Traits(after_crash=AfterCrash.ASK)).judge(CALL)
    assert isinstance(waiting, Wait)


async def test_unattended_executions_skip_what_needs_approval(world: World) -> None:
    verdict = await world.gate(unattended=True).judge(CALL)
    assert isinstance(verdict, Answer)
    assert (verdict.ending, "it costs money" in verdict.text) == (Ending.SKIPPED, True)
