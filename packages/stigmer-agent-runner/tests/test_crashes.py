"""kill -9 and SIGTERM of the runner in mid-run: the execution completes and finished tool calls stay finished."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agent_runner_testing.api import ApiServer, Execution
from agent_runner_testing.mcp_servers import held_over_http
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.processes import RunnerProcess, log_lines
from agent_runner_testing.registry import add_mcp_server
from agent_runner_testing.stack import Stack

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2

SCRIPT = """
version: 1
cases:
  - turns:
      - say: "First two at once."
        call:
          - {tool: write_file, args: {path: a.txt, content: a}}
          - {tool: write_file, args: {path: b.txt, content: b}}
      - say: "and now one two three four five six seven eight nine ten eleven twelve"
        delay_ms: 100
        call: [{tool: write_file, args: {path: c.txt, content: c}}]
      - say: "All is written."
"""


def _writes(*logs: Path) -> Counter[str]:
    """How often each file was written, by the log of the tools themselves."""
    lines = [line for log in logs for line in log_lines(log, "file tool done")]
    return Counter(line["path"].lstrip("/") for line in lines if line["tool"] == "write_file")


def _write(name: str) -> tuple[str, dict[str, Any]]:
    return ("write_file", {"file_path": f"/{name}.txt", "content": name})


def _says(text: str) -> Callable[[status_pb2.AgentExecutionStatus], bool]:
    return lambda status: any(text in message.content for message in status.messages)


def _answers(execution: Execution) -> list[str]:
    return [message.content.strip() for message in execution.status.messages if message.type == enum_pb2.MESSAGE_AI]


async def test_a_scripted_run_survives_kill_9(
    stack: Stack, api: ApiServer, runner_process: Callable[..., RunnerProcess]
) -> None:
    first = runner_process()
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted", script=SCRIPT)), "go")
    await stack.start(execution)
    await api.until(execution, _says("three"))

    first.kill()
    second = runner_process()
    done = await api.finished(execution)

    assert done.status.phase == enum_pb2.EXECUTION_COMPLETED
    assert _answers(done)[0] == "First two at once."
    assert _answers(done)[1].endswith("eleven twelve")
    assert _answers(done)[2] == "All is written."
    assert _writes(first.log, second.log) == {"a.txt": 1, "b.txt": 1, "c.txt": 1}
    _is_whole(done)
    sequences = [report.sequence for report in api.reports[execution]]
    assert sequences == sorted(set(sequences))


async def test_a_graphton_run_survives_kill_9_while_the_model_answers(
    stack: Stack, api: ApiServer, runner_process: Callable[..., RunnerProcess]
) -> None:
    gate = asyncio.Event()
    async with ModelServer() as model:
        model.script = {
            "go": [
                Turn("First two.", (_write("a"), _write("b"))),
                Turn("and now the last", (_write("c"),), gate=gate),
                Turn("All is written."),
            ]
        }
        environment = {"STIGMER_LLM_BASE_URL": model.base_url}
        first = runner_process(**environment)
        execution = api.add_execution(api.add_session(api.add_agent(model="ollama:qwen3")), "go")
        await stack.start(execution)
        await api.until(execution, _says("and"))

        first.kill()
        gate.set()
        second = runner_process(**environment)
        done = await api.finished(execution)

        assert done.status.phase == enum_pb2.EXECUTION_COMPLETED
        assert _answers(done) == ["First two.", "and now the last", "All is written."]
        assert _writes(first.log, second.log) == {"a.txt": 1, "b.txt": 1, "c.txt": 1}
        assert len(model.requests) == 4  # the answer that was cut off is the only one asked for again
        _is_whole(done)


PARALLEL = """
version: 1
cases:
  - turns:
      - call:
          - {tool: write_file, args: {path: a.txt, content: a}}
          - {tool: look}
          - {tool: write_file, args: {path: b.txt, content: b}}
      - say: "All is done."
"""


@pytest.mark.parametrize("model_name", ["scripted", "ollama:qwen3"])
async def test_kill_9_inside_a_parallel_batch_repeats_only_the_call_under_way(
    stack: Stack, api: ApiServer, runner_process: Callable[..., RunnerProcess], model_name: str
) -> None:
    gate = asyncio.Event()
    async with ModelServer() as model, held_over_http(gate) as url:
        add_mcp_server(api, "held", {"http": {"url": url}})
        usage = {"mcp_server_ref": {"slug": "held", "org": "local"}, "enabled_tools": ["look"]}
        agent = api.add_agent(model=model_name, script=PARALLEL, mcp_server_usages=[usage])
        calls = (_write("a"), ("look", dict[str, Any]()), _write("b"))
        model.script = {"go": [Turn(calls=calls), Turn("All is done.")]}
        first = runner_process(STIGMER_LLM_BASE_URL=model.base_url)
        execution = api.add_execution(api.add_session(agent), "go")
        await stack.start(execution)
        await api.until(execution, _only_the_look_is_left)

        first.kill()
        gate.set()
        second = runner_process(STIGMER_LLM_BASE_URL=model.base_url)
        done = await api.finished(execution)

        assert _answers(done)[-1] == "All is done."
        assert _writes(first.log, second.log) == {"a.txt": 1, "b.txt": 1}
        assert _first_calls(done.status) == [enum_pb2.TOOL_CALL_COMPLETED] * 3
        assert len(model.requests) == (0 if model_name == "scripted" else 2)


def _only_the_look_is_left(status: status_pb2.AgentExecutionStatus) -> bool:
    done, running = enum_pb2.TOOL_CALL_COMPLETED, enum_pb2.TOOL_CALL_RUNNING
    return _first_calls(status) == [done, running, done]


def _first_calls(status: status_pb2.AgentExecutionStatus) -> list[int]:
    """Statuses of the calls of the model's first answer."""
    answers = [message for message in status.messages if message.type == enum_pb2.MESSAGE_AI]
    return [call.status for call in answers[0].tool_calls] if answers else []


async def test_sigterm_hands_the_run_over_at_a_safe_point(
    stack: Stack, api: ApiServer, runner_process: Callable[..., RunnerProcess]
) -> None:
    first = runner_process()
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted", script=SCRIPT)), "go")
    handle = await stack.start(execution)
    await api.until(execution, _says("three"))

    await first.terminate()
    second = runner_process()
    done = await api.finished(execution)

    assert done.status.phase == enum_pb2.EXECUTION_COMPLETED
    assert _writes(first.log, second.log) == {"a.txt": 1, "b.txt": 1, "c.txt": 1}
    assert log_lines(first.log, "segment ended")[0]["outcome"] == "yielded"
    await handle.result()
    events = [event async for event in handle.fetch_history_events()]
    assert not any(event.HasField("activity_task_timed_out_event_attributes") for event in events)


async def test_a_cancel_without_any_runner_takes_effect_when_one_is_back(
    stack: Stack, api: ApiServer, runner_process: Callable[..., RunnerProcess]
) -> None:
    first = runner_process()
    long = SCRIPT.replace("twelve", "twelve " * 200)
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted", script=long)), "go")
    handle = await stack.start(execution)
    await api.until(execution, _says("three"))

    first.kill()
    await handle.cancel()
    runner_process()

    done = await api.finished(execution)
    assert done.status.phase == enum_pb2.EXECUTION_CANCELLED
    assert not any(message.is_streaming for message in done.status.messages)


async def test_a_runner_waits_for_its_token_its_server_and_temporal(
    stack: Stack, api: ApiServer, runner_process: Callable[..., RunnerProcess]
) -> None:
    token = (stack.home / "token").read_text()
    (stack.home / "token").unlink()
    await api.stop()
    runner = runner_process()
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted")), "ping")
    await stack.start(execution)
    await runner.logged("waiting")
    (stack.home / "token").write_text(token)
    await runner.logged("waiting for the server")

    await api.start()

    assert _answers(await api.finished(execution)) == ["You said: ping"]


async def test_a_bad_setting_ends_the_process_with_exit_code_3(runner_process: Callable[..., RunnerProcess]) -> None:
    runner = runner_process(STIGMER_LLM_PROVIDER="nonsense")

    assert await asyncio.to_thread(runner.process.wait, 30) == 3
    [line] = log_lines(runner.log, "bad settings")
    assert "unknown provider 'nonsense'; known are scripted, openai" in line["error"]


def _is_whole(execution: Execution) -> None:
    """Nothing is left open, and every tool call shows once."""
    for message in execution.status.messages:
        assert not message.is_streaming
        for call in message.tool_calls:
            assert call.status == enum_pb2.TOOL_CALL_COMPLETED
    ids = [message.id for message in execution.status.messages if message.type == enum_pb2.MESSAGE_TOOL]
    assert ids == ["turn-0/tool-0", "turn-0/tool-1", "turn-1/tool-0"]
