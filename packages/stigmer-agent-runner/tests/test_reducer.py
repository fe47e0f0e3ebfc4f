"""Events to status: golden files for whole runs, and the rules that a resumed run depends on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st

from stigmer_agent_runner.engine.protocol import (
    Event,
    MessageDone,
    MessageStarted,
    Notice,
    SubAgentEvent,
    SubAgentStarted,
    TextDelta,
    ToolDone,
    ToolFailed,
    ToolRequested,
    ToolStarted,
    Usage,
)
from stigmer_agent_runner.status.messages import MAX_ARGUMENT_BYTES, MAX_RESULT_BYTES
from stigmer_agent_runner.status.reducer import StatusReducer
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2

GOLDEN = Path(__file__).parent / "golden"

TODOS = [{"content": "write", "status": "completed"}, {"id": "t2", "content": "rest", "status": "pending"}]

RUNS: dict[str, list[Event]] = {
    "text-only": [
        MessageStarted(0, "scripted"),
        TextDelta(0, "Hello "),
        TextDelta(0, "Ada"),
        MessageDone(0, "Hello Ada", Usage(10, 2, cache_read=4)),
    ],
    "tools-in-two-turns": [
        MessageStarted(0, "ollama:qwen3"),
        MessageDone(0, "Two at once.", Usage(10, 5)),
        ToolRequested(0, 0, "c1", "write_file", {"path": "a.txt", "content": "x", "n": 1, "deep": [{"a": None}]}),
        ToolRequested(0, 1, "c2", "read_file", {"path": "../x"}),
        ToolStarted("c1"),
        ToolStarted("c2"),
        ToolFailed("c2", "Error: leads out"),
        ToolDone("c1", "Wrote 1 bytes."),
        MessageStarted(1, "ollama:qwen3"),
        MessageDone(1, "", Usage(30, 6)),
        ToolRequested(1, 0, "c3", "write_todos", {"todos": TODOS}),
        ToolStarted("c3"),
        ToolDone("c3", "Noted 2 to-do item(s)."),
        MessageStarted(2, "ollama:qwen3"),
        MessageDone(2, "Done.", Usage(50, 7)),
    ],
    "retried-turn": [
        MessageStarted(0, "scripted"),
        TextDelta(0, "half an ans"),
        Notice("turn-0/retry", "busy, attempt 1"),
        MessageStarted(0, "scripted"),
        Notice("turn-0/retry", "busy, attempt 2"),
        MessageStarted(0, "scripted"),
        TextDelta(0, "whole"),
        MessageDone(0, "whole"),
        TextDelta(0, " straggler"),
    ],
    "sub-agents-at-once": [
        MessageStarted(0, "scripted"),
        MessageDone(0, "Two of them."),
        ToolRequested(0, 0, "t1", "task", {"description": "moon", "subagent_type": "researcher"}),
        ToolRequested(0, 1, "t2", "task", {"description": "sun", "subagent_type": "researcher"}),
        ToolStarted("t1"),
        ToolStarted("t2"),
        SubAgentStarted("t1", "researcher", "moon", "moon"),
        SubAgentStarted("t2", "researcher", "sun", "sun"),
        SubAgentEvent("t1", MessageStarted(0, "scripted")),
        SubAgentEvent("t2", MessageStarted(0, "scripted")),
        SubAgentEvent("t1", TextDelta(0, "384400 ")),
        SubAgentEvent("t2", TextDelta(0, "half an ans")),
        SubAgentEvent("t1", TextDelta(0, "km")),
        SubAgentEvent("t1", MessageDone(0, "384400 km", Usage(10, 2))),
        ToolDone("t1", "384400 km"),
        SubAgentEvent("t2", MessageStarted(0, "scripted")),
        SubAgentEvent("t2", TextDelta(0, "5500 ")),
    ],
}


def reduced(
    run: Iterable[Event], start: status_pb2.AgentExecutionStatus | None = None, hour: int = 10
) -> StatusReducer:
    """Apply events one second apart."""
    reducer = StatusReducer(start or status_pb2.AgentExecutionStatus())
    reducer.begin("the question", _at(hour, 0))
    for second, event in enumerate(run, start=1):
        reducer.apply(event, _at(hour, second))
    return reducer


def _at(hour: int, second: int) -> str:
    return f"2026-01-01T{hour}:00:{second:02}.000Z"


def _compare(name: str, status: status_pb2.AgentExecutionStatus) -> None:
    found = json.dumps(MessageToDict(status), indent=2, sort_keys=True) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("STIGMER_WRITE_GOLDEN"):
        path.write_text(found)
    assert found == path.read_text()


@pytest.mark.parametrize("name", RUNS)
def test_a_run_gives_the_status_of_its_golden_file(name: str) -> None:
    reducer = reduced(RUNS[name])
    reducer.finish(enum_pb2.EXECUTION_COMPLETED, _at(11, 0))
    reducer.take()

    _compare(name, reducer.status)


def test_a_failed_run_leaves_nothing_open() -> None:
    reducer = reduced(RUNS["tools-in-two-turns"][:6])
    reducer.finish(enum_pb2.EXECUTION_FAILED, _at(11, 0), "the model is away")

    _compare("failed-in-a-tool", reducer.status)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("cut", [1, 3, 5, 8, 12])
def test_a_run_told_again_after_a_crash_ends_the_same(name: str, cut: int) -> None:
    run = RUNS[name]
    before = reduced(run[:cut])

    after = reduced(run, before.status, hour=12)

    expected = reduced(run)
    assert _texts(after.status) == _texts(expected.status)
    assert after.status.streaming_usage.total_tokens == expected.status.streaming_usage.total_tokens
    assert after.status.started_at == expected.status.started_at


def test_what_was_complete_before_a_crash_keeps_its_times() -> None:
    run = RUNS["tools-in-two-turns"]
    done = reduced(run)

    again = reduced(run, done.status, hour=12)

    assert MessageToDict(again.status) == MessageToDict(done.status)


def test_a_turn_asked_again_with_fewer_calls_marks_the_lost_one_interrupted() -> None:
    asked: list[Event] = [MessageStarted(0, "m"), MessageDone(0, "")]
    calls: list[Event] = [ToolRequested(0, at, f"old-{at}", "ls", {}) for at in range(2)]
    before = reduced([*asked, *calls])

    after = reduced(
        [*asked, ToolRequested(0, 0, "new-0", "ls", {}), ToolDone("new-0", "x"), MessageStarted(1, "m")], before.status
    )

    [first, second] = [message for message in after.status.messages if message.type == enum_pb2.MESSAGE_TOOL]
    assert (first.tool_calls[0].id, first.tool_calls[0].status) == ("new-0", enum_pb2.TOOL_CALL_COMPLETED)
    assert second.tool_calls[0].status == enum_pb2.TOOL_CALL_INTERRUPTED
    assert [call.id for call in after.status.messages[1].tool_calls] == ["new-0"]


def test_long_results_and_arguments_are_capped() -> None:
    long = "ü" * 100_000
    reducer = reduced(
        [
            MessageStarted(0, "m"),
            MessageDone(0, ""),
            ToolRequested(0, 0, "c", "write_file", {"content": long, "nan": float("nan")}),
            ToolDone("c", long),
        ]
    )

    call = reducer.status.messages[1].tool_calls[0]
    assert len(call.result.encode()) < MAX_RESULT_BYTES + 100
    assert call.result.endswith("more bytes are not shown]")
    assert len(str(call.args["content"]).encode()) < MAX_ARGUMENT_BYTES + 100
    assert call.args["nan"] == "nan"


def test_only_what_changed_is_taken_and_what_did_not_arrive_is_taken_again() -> None:
    reducer = reduced(RUNS["tools-in-two-turns"][:8])
    first = reducer.take()
    assert not reducer.dirty

    reducer.apply(MessageStarted(1, "m"), _at(10, 30))
    second = reducer.take()
    reducer.put_back(first)
    third = reducer.take()

    assert [message.id for message in first.messages] == ["user", "turn-0", "turn-0/tool-0", "turn-0/tool-1"]
    assert [message.id for message in second.messages] == ["turn-1"]
    assert [message.id for message in third.messages] == [message.id for message in first.messages]
    assert second.phase == enum_pb2.EXECUTION_IN_PROGRESS


def test_text_of_a_sub_agent_is_taken_as_it_comes_and_only_the_message_that_grew() -> None:
    reducer = reduced(RUNS["sub-agents-at-once"][:11])
    first = reducer.take()
    assert [(item.id, item.messages[0].content) for item in first.sub_agent_executions] == [
        ("t1", "384400 "),
        ("t2", ""),
    ]
    reducer.apply(SubAgentEvent("t1", MessageDone(0, "384400 km", Usage(10, 2))), _at(10, 30))
    assert reducer.status.streaming_usage.total_tokens == 12
    reducer.take()

    reducer.apply(SubAgentEvent("t1", MessageStarted(1, "scripted")), _at(10, 31))
    reducer.apply(SubAgentEvent("t1", TextDelta(1, "and ")), _at(10, 32))
    [grown] = reducer.take().sub_agent_executions
    assert [(message.id, message.content, message.is_streaming) for message in grown.messages] == [
        ("turn-1", "and ", True)
    ]
    reducer.put_back(status_pb2.AgentExecutionStatus(sub_agent_executions=[grown]))
    reducer.apply(SubAgentEvent("t1", TextDelta(1, "more")), _at(10, 33))
    [again] = reducer.take().sub_agent_executions
    assert [message.content for message in again.messages] == ["and more"]
    [moon, _sun] = reducer.status.sub_agent_executions
    assert [message.content for message in moon.messages] == ["384400 km", "and more"]


LONG = "x" * 5_000
BATCH: list[Event] = [
    MessageStarted(0, "m"),
    MessageDone(0, ""),
    *(ToolRequested(0, at, f"c{at}", "look", {}) for at in range(3)),
    *(ToolStarted(f"c{at}") for at in range(3)),
]


def _told(part: status_pb2.AgentExecutionStatus) -> dict[str, list[int]]:
    """Lengths of the results in the messages of a part."""
    return {
        message.id: [len(message.content)]
        if "tool" in message.id
        else [len(call.result) for call in message.tool_calls]
        for message in part.messages
    }


def test_results_of_a_batch_are_told_once_by_their_own_messages_and_once_more_when_all_are_there() -> None:
    reducer = reduced(BATCH)
    reducer.take()
    parts = []
    for call in ("c1", "c0", "c2"):
        reducer.apply(ToolDone(call, LONG), _at(10, 30))
        parts.append(_told(reducer.take()))

    assert parts == [
        {"turn-0": [0, 513, 0], "turn-0/tool-1": [5_000]},
        {"turn-0": [513, 513, 0], "turn-0/tool-0": [5_000]},
        {"turn-0": [5_000] * 3, "turn-0/tool-2": [5_000]},
    ]


def test_a_run_that_waits_shows_all_results_that_are_there() -> None:
    reducer = reduced([*BATCH, ToolDone("c1", LONG)])
    reducer.take()

    reducer.wait()

    assert _told(reducer.take()) == {"turn-0": [0, 5_000, 0]}


@pytest.mark.parametrize("rest", [(), ("c0", "c2")])
def test_a_crash_in_a_batch_loses_no_result(rest: tuple[str, ...]) -> None:
    before = reduced([*BATCH, *(ToolDone(call, LONG) for call in ("c1", *rest[:1]))])
    stored = before.take()
    stored.ClearField("phase")

    after = reduced([*BATCH, *(ToolDone(call, LONG) for call in ("c1", *rest))], stored, hour=12)
    after.wait()

    [calls] = [list(message.tool_calls) for message in after.take().messages if message.id == "turn-0"]
    assert [len(call.result) for call in calls] == ([5_000] * 3 if rest else [0, 5_000, 0])
    assert calls[1].completed_at < _at(11, 0)  # told again, not done again


def test_of_a_sub_agent_only_the_messages_that_changed_are_taken_and_taken_again_when_they_did_not_arrive() -> None:
    inside = [SubAgentEvent("t", event) for event in [*BATCH, ToolDone("c0", "a"), ToolDone("c1", "b")]]
    task: list[Event] = [
        MessageStarted(0, "m"),
        MessageDone(0, ""),
        ToolRequested(0, 0, "t", "task", {}),
        SubAgentStarted("t", "helper", "look", "look"),
    ]
    reducer = reduced([*task, *inside])
    reducer.take()

    reducer.apply(SubAgentEvent("t", ToolDone("c2", "c")), _at(10, 40))
    part = reducer.take()
    reducer.put_back(part)
    again = reducer.take()

    for one in (part, again):
        (element,) = one.sub_agent_executions
        assert [message.id for message in element.messages] == ["turn-0", "turn-0/tool-2"]
    assert len(reducer.status.sub_agent_executions[0].messages) == 4


EVENTS = st.one_of(
    st.builds(MessageStarted, st.integers(0, 2), st.just("m")),
    st.builds(TextDelta, st.integers(0, 2), st.text(max_size=5)),
    st.builds(MessageDone, st.integers(0, 2), st.text(max_size=5), st.just(Usage(1, 1))),
    st.builds(Notice, st.sampled_from("ab"), st.text(max_size=5)),
)


@given(st.lists(EVENTS, max_size=30))
def test_whatever_comes_messages_stay_unique_and_parts_add_up(run: list[Event]) -> None:
    reducer = StatusReducer(status_pb2.AgentExecutionStatus())
    reducer.begin("q", _at(10, 0))
    merged: dict[str, Any] = {}
    for event in run:
        reducer.apply(event, _at(10, 1))
        merged |= {message.id: MessageToDict(message) for message in reducer.take().messages}

    ids = [message.id for message in reducer.status.messages]
    assert len(ids) == len(set(ids))
    assert merged == {message.id: MessageToDict(message) for message in reducer.status.messages if message.id in merged}


def _texts(status: status_pb2.AgentExecutionStatus) -> list[tuple[str, str, list[int]]]:
    return [
        (message.id, message.content, [call.status for call in message.tool_calls])
        for message in status.messages
        if message.type != enum_pb2.MESSAGE_SYSTEM
    ]
