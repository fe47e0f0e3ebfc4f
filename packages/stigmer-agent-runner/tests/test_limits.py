"""Limits of rounds, tokens, cost and time, what models cost, and answers by schema, in both engines."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.player import Player
from google.protobuf.json_format import MessageToDict

from stigmer_agent_runner.checkpoints.local import LocalCheckpoints
from stigmer_agent_runner.engine import protocol as events
from stigmer_agent_runner.engine.answers import checked_schema
from stigmer_agent_runner.engine.limits import Limits, Spending
from stigmer_agent_runner.engine.prices import Price, Prices
from stigmer_agent_runner.engine.protocol import Completed, Failed, Usage
from stigmer_agent_runner.engine.providers import PROVIDERS, ModelChoice
from stigmer_agent_runner.errors import ResolveError
from stigmer_agent_runner.settings import load_settings
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

if TYPE_CHECKING:
    from agent_runner_testing.api import ApiServer
    from agent_runner_testing.stack import Stack

PRICES = Prices({"ollama": {"*": Price(1_000.0, 10_000.0)}})
"""The model of the tests counts ten tokens in, and out five and the number of the request."""

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 1}}, "required": ["age"]}


@pytest.fixture
async def player(tmp_path: Path) -> AsyncIterator[Player]:
    """A player whose model never stops to take notes."""
    async with ModelServer() as model:
        found = Player(tmp_path, model)
        found.more = {"prices": PRICES}
        model.script = {"go": [Turn(f"round {number}", (("note", {"note": f"n{number}"}),)) for number in range(50)]}
        yield found


@pytest.mark.parametrize(
    ("limits", "rounds", "text"),
    [
        (Limits(rounds=2), 2, "2 tool rounds (max_tool_rounds)"),
        (Limits(tokens=40), 3, "40 tokens (max_total_tokens; used: 48)"),
        (Limits(cost=0.1), 2, "0.1 US dollars (max_cost_usd; spent: 0.1300)"),
    ],
)
async def test_at_a_limit_the_model_answers_once_more_without_tools(
    player: Player, limits: Limits, rounds: int, text: str
) -> None:
    player.more["limits"] = limits
    outcome = await player.play("go")
    assert isinstance(outcome, Completed)
    assert player.notes.lines == [f"n{number}" for number in range(rounds)]
    assert len(player.model.requests) == rounds + 1
    last = player.model.requests[-1]
    assert not last.get("tools")
    assert f"has reached its limit of {text}" in str(last["messages"][-1]["content"])
    assert [event.text for event in player.of(events.Notice)] == [
        f"The limit of {text} is reached: the agent sums up and ends."
    ]
    assert await player.play("go") == outcome
    assert len(player.model.requests) == rounds + 1


async def test_every_call_tells_its_cost(player: Player) -> None:
    player.more["limits"] = Limits(rounds=1)
    await player.play("go")
    assert [event.usage.cost for event in player.of(events.MessageDone)] == pytest.approx([0.06, 0.06])


async def test_results_are_shortened_for_the_model(player: Player) -> None:
    player.more["limits"] = Limits(rounds=1, result_chars=10)
    await player.play("go")
    [done] = player.of(events.ToolDone)
    assert done.result == "noted n0\n[… 6 characters are left out]\n1)"


async def test_spending_outlives_its_process_and_counts_a_repeated_call_once(tmp_path: Path) -> None:
    path = LocalCheckpoints(tmp_path / "checkpoints.db")
    limits = Limits(tokens=30, cost=5.0, seconds=3600)
    for _ in range(2):  # a call that was noted, and asked again after a crash
        await Spending(path, "aex-1", limits).note("", 0, Usage(10, 5, cost=1.0))
    assert await Spending(path, "aex-1", limits).reached(100) == ""
    await Spending(path, "aex-1", limits).note("helper/c1", 0, Usage(10, 5, cost=1.0))
    assert await Spending(path, "aex-1", limits).reached(0) == "30 tokens (max_total_tokens; used: 30)"
    assert await Spending(path, "aex-2", limits).reached(0) == ""
    assert await Spending(path, "aex-2", Limits(seconds=1e-9)).reached(0) == "1e-09 seconds of work (max_work_seconds)"


@pytest.mark.parametrize(
    ("provider", "model", "price"),
    [
        ("openai", "gpt-5-mini-2025-08-07", Price(0.25, 2.0, 0.025)),
        ("openai", "gpt-5", Price(1.25, 10.0, 0.125)),
        ("openrouter", "openai/gpt-5", Price(1.25, 10.0, 0.125)),
        ("openai", "gpt-55", None),
        ("anthropic", "claude-opus-4-5-20251101", Price(5.0, 25.0, 0.5, 6.25)),
        ("openai", "gpt-5-nano", Price(9.0, 9.0)),
        ("ollama", "anything", Price(0.0, 0.0)),
        ("vllm", "mine", Price(3.0, 4.0)),
    ],
)
def test_prices_come_from_the_data_file_and_the_users_own_over_it(
    tmp_path: Path, provider: str, model: str, price: Price | None
) -> None:
    (tmp_path / "prices.json").write_text(json.dumps({"vllm": {"mine": {"input": 3, "output": 4}}}))
    (tmp_path / "config.yaml").write_text("agent: {prices: {openai: {gpt-5-nano: {input: 9, output: 9}}}}")
    settings = load_settings(home=tmp_path)
    assert Prices.load(tmp_path, settings.prices).of(ModelChoice(PROVIDERS[provider], model)) == price


def test_every_packaged_price_says_where_it_comes_from_and_the_file_when_it_was_looked_at() -> None:
    packaged = json.loads(files("stigmer_agent_runner.engine").joinpath("prices.json").read_text())
    assert packaged["version"] >= 2
    assert date.fromisoformat(packaged["date"]).year >= 2026
    assert set(packaged["prices"]) <= set(PROVIDERS)
    named = {prices["source"] for models in packaged["prices"].values() for prices in models.values()}
    assert named == set(packaged["sources"])


BAD = ({"input": 1}, {"input": 1, "x": 2}, {"input": -1, "output": 1}, {"input": True, "output": 1}, 3)


@pytest.mark.parametrize("text", ["{", "[]", *(json.dumps({"vllm": {"m": prices}}) for prices in BAD)])
def test_a_bad_price_file_says_how_it_must_look(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.json").write_text(text)
    with pytest.raises(ResolveError, match=r"prices\.json"):
        Prices.load(tmp_path)


def test_cached_tokens_cost_what_they_cost() -> None:
    price = Price(2.0, 10.0, cache_read=0.5)
    assert price.cost(given=1_000_000, made=100_000, cache_read=600_000) == pytest.approx(0.8 + 0.3 + 1.0)


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "object", "properties": 3}, {"type": "nonsense"}])
def test_a_schema_that_cannot_be_kept_is_refused_with_its_field(schema: dict[str, Any]) -> None:
    with pytest.raises(ResolveError, match=r"spec\.execution_config\.structured_output_schema"):
        checked_schema(schema)


async def test_an_answer_by_schema_is_read_and_repaired_once(player: Player) -> None:
    player.more = {"output_schema": SCHEMA}
    player.model.script = {
        "fit": [Turn('{"age": 7}')],
        "fenced": [Turn('```json\n{"age": 8}\n```')],
        "does not fit": [Turn("seven"), Turn('{"age": 7}')],
    }
    assert await player.play("fit") == Completed('{"age": 7} ', {"age": 7})
    assert "valid against this JSON Schema" in str(player.model.requests[0]["messages"][0]["content"])


async def test_a_repaired_answer_counts_and_one_that_stays_wrong_fails(tmp_path: Path) -> None:
    async with ModelServer() as model:
        model.script = {"go": [Turn("seven")], "does not fit": [Turn('{"age": 7}')]}
        player = Player(tmp_path / "a", model)
        player.more = {"output_schema": SCHEMA}
        assert await player.play("go") == Completed('{"age": 7} ', {"age": 7})
        assert "it is not JSON" in str(model.requests[1]["messages"][-1]["content"])
        model.script = {"go": [Turn('{"age": 0}')], "does not fit": [Turn('{"age": "old"}')]}
        other = Player(tmp_path / "b", model)
        other.more = {"output_schema": SCHEMA}
        outcome = await other.play("go")
        assert isinstance(outcome, Failed)
        assert (outcome.kind, "not even repaired" in outcome.message) == ("structured_output_invalid", True)
        assert await other.play("go") == outcome


# -- through the whole runner

SCRIPT = """
version: 1
cases:
  - turns:
      - {call: [{tool: ls}], usage: {in: 100, out: 20}}
      - {call: [{tool: glob, args: {pattern: "*"}}], usage: {in: 200, out: 20}}
      - say: '{"age": 9}'
"""


async def test_a_model_without_a_price_costs_unknown_and_not_nothing(stack: Stack, api: ApiServer) -> None:
    async with ModelServer({"go": [Turn("ok")]}) as model:
        stack.start_runner(llm_base_url=model.base_url)
        session = api.add_session(api.add_agent(model="openai-compatible:mine"))
        done = await stack.run(session, "go")
        assert (done.status.phase, done.status.error) == (enum_pb2.EXECUTION_COMPLETED, "")
        usage = done.status.streaming_usage
        assert (usage.estimated_cost_usd, usage.unpriced_turns, usage.turn_count) == (0.0, 1, 1)
        texts = [message.content for message in done.status.messages if message.type == enum_pb2.MESSAGE_SYSTEM]
        assert any("nobody knows what openai-compatible:mine costs" in text for text in texts)
        [said] = [MessageToDict(one.metadata)["usage"] for one in done.status.messages if "usage" in one.metadata]
        assert said["cost"] == "unknown"
        refused = await stack.run(session, "go", execution_config={"max_cost_usd": 1})
        assert "max_cost_usd cannot be kept: nobody knows what openai-compatible:mine costs" in refused.status.error


async def test_limits_and_schemas_of_an_execution_reach_its_status(stack: Stack, api: ApiServer) -> None:
    (stack.home / "prices.json").write_text(json.dumps({"scripted": {"*": {"input": 1_000, "output": 10_000}}}))
    stack.start_runner()
    session = api.add_session(api.add_agent(model="scripted", script=SCRIPT))
    done = await stack.run(session, "go", execution_config={"structured_output_schema": SCHEMA})
    assert dict(done.status.structured_output) == {"age": 9}
    usage = done.status.streaming_usage
    assert (usage.total_tokens, usage.turn_count) == (340, 2)
    assert usage.estimated_cost_usd == pytest.approx(0.7)

    stopped = await stack.run(session, "go", execution_config={"max_cost_usd": 0.2})
    assert stopped.status.phase == enum_pb2.EXECUTION_COMPLETED
    assert stopped.status.messages[-1].content.startswith("Stopped: the limit of 0.2 US dollars")
    wrong = await stack.run(session, "go", execution_config={"structured_output_schema": {"type": "array"}})
    assert wrong.status.error.startswith("spec.execution_config.structured_output_schema must have")
