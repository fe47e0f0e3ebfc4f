"""The runner dies before and after everything that matters; each completed call is in the tool's own log once.

In the suite one run goes through the three deaths around a tool, one after the other. `STIGMER_KILL_MATRIX=full` makes
it go through all of them, and adds a run of its own for each engine and point:
`STIGMER_KILL_MATRIX=full uv run pytest packages/stigmer-agent-runner/tests/test_kill_matrix.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from agent_runner_testing import noting_runner_path
from agent_runner_testing.api import TERMINAL, Execution
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.processes import RunnerProcess
from agent_runner_testing.stack import Stack
from agent_runner_testing.tools import Notebook

from stigmer_agent_runner.failpoints import ENV
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2
from stigmer_api.errors import FailedPrecondition

POINTS = (
    "before-send",
    "after-send",
    "before-model",
    "after-model",
    "before-approval",
    "before-tool",
    "after-tool",
    "before-checkpoint",
    "after-checkpoint",
)
ENGINES = ("scripted", "ollama:qwen3")
TURNS: list[list[tuple[str, str]]] = [
    [("note", "a1"), ("ask_first", "a2"), ("safe", "a3")],
    [("note", "b1"), ("safe", "b2")],
    [("note", "c1")],
    [("ask_first", "d1"), ("note", "d2")],
]
FULL = os.environ.get("STIGMER_KILL_MATRIX") == "full"
AROUND_A_TOOL = ("before-tool", "after-tool", "before-checkpoint")


@dataclass
class Killed:
    """One execution that outlives its runners."""

    stack: Stack
    execution: str
    notes: Notebook
    folder: Path
    model: ModelServer
    _runners: int = 0

    def start(self, failpoint: str = "") -> RunnerProcess:
        """Start a runner, which dies at `failpoint`."""
        self._runners += 1
        environment = self.stack.environment() | {ENV: failpoint, "STIGMER_LLM_BASE_URL": self.model.base_url}
        program = (noting_runner_path(), str(self.notes.path))
        return RunnerProcess(environment, self.folder / f"runner-{self._runners}.log", program)

    async def answer_everything(self) -> None:
        """Approve what asks first; of a call that was under way look into its log whether it happened."""
        while True:
            found = await self.stack.api.until(
                self.execution, lambda status: bool(status.pending_approvals) or status.phase in TERMINAL
            )
            if found.status.phase in TERMINAL:
                return
            for item in list(found.status.pending_approvals):
                happened = item.request_id != item.tool_call_id and _note_of(found, item) in self.notes.lines
                with contextlib.suppress(FailedPrecondition):  # the runner has taken the question back meanwhile
                    await self.stack.answer(self.execution, item.tool_call_id, "SKIP" if happened else "APPROVE")

    async def survive(self, points: Sequence[str]) -> Execution:
        """Die at each point in turn, then run to the end."""
        answering = asyncio.create_task(self.answer_everything())
        try:
            for point in points:
                runner = self.start(point)
                try:
                    await runner.died()
                finally:
                    if runner.process.poll() is None:
                        runner.kill()
            last = self.start()
            try:
                return await self.stack.api.finished(self.execution)
            finally:
                await last.terminate()
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)


def _note_of(execution: Execution, item: Any) -> str:
    calls = [call for message in execution.status.messages for call in message.tool_calls]
    return next(str(call.args["note"]) for call in calls if call.id == item.tool_call_id and "note" in call.args)


def _script() -> str:
    lines = ["version: 1", "cases:", "  - turns:"]
    for turn in TURNS:
        calls = ", ".join(f"{{tool: {tool}, args: {{note: {note}}}}}" for tool, note in turn)
        lines.append(f"      - call: [{calls}]")
    return "\n".join([*lines, "      - say: All is noted.", ""])


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    """A model that wants the same calls as the script."""
    async with ModelServer() as server:
        turns = [Turn(calls=tuple((tool, {"note": note}) for tool, note in turn)) for turn in TURNS]
        server.script = {"go": [*turns, Turn("All is noted.")]}
        yield server


async def _killed(stack: Stack, model: ModelServer, folder: Path, engine: str) -> Killed:
    agent = stack.api.add_agent(model=engine, script=_script())
    execution = stack.api.add_execution(stack.api.add_session(agent), "go")
    await stack.start(execution)
    return Killed(stack, execution, Notebook(folder / "notes.log"), folder, model)


def _is_whole(killed: Killed, done: Execution) -> None:
    assert (done.status.phase, done.status.error) == (enum_pb2.EXECUTION_COMPLETED, "")
    wanted = Counter(note for turn in TURNS for _, note in turn)
    written = Counter(killed.notes.lines)
    safe = {note for turn in TURNS for tool, note in turn if tool == "safe"}
    assert {note: 1 if note in safe else count for note, count in written.items()} == dict(wanted)
    messages = [message for message in done.status.messages if message.type == enum_pb2.MESSAGE_AI]
    assert [message.id for message in messages] == [f"turn-{number}" for number in range(len(TURNS) + 1)]
    assert messages[-1].content.strip() == "All is noted."
    shown = [[(call.name, call.args["note"]) for call in message.tool_calls] for message in messages[:-1]]
    assert shown == TURNS
    assert not any(message.is_streaming for message in done.status.messages)
    ended = {enum_pb2.TOOL_CALL_COMPLETED, enum_pb2.TOOL_CALL_SKIPPED}
    assert {call.status for message in messages for call in message.tool_calls} <= ended
    if killed.model.requests:
        assert len(killed.model.requests) <= len(TURNS) + 2  # an answer that was not saved is asked for again


@pytest.mark.timeout(180)
async def test_a_run_that_dies_again_and_again_repeats_no_completed_call(
    stack: Stack, model: ModelServer, tmp_path: Path
) -> None:
    killed = await _killed(stack, model, tmp_path, "ollama:qwen3")
    _is_whole(killed, await killed.survive(POINTS if FULL else AROUND_A_TOOL))


@pytest.mark.skipif(not FULL, reason="STIGMER_KILL_MATRIX=full runs it")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("point", [*POINTS, *(f"{point}:3" for point in POINTS if point != "before-approval")])
async def test_a_run_that_dies_once_repeats_no_completed_call(
    stack: Stack, model: ModelServer, tmp_path: Path, engine: str, point: str
) -> None:
    killed = await _killed(stack, model, tmp_path, engine)
    _is_whole(killed, await killed.survive([point]))
