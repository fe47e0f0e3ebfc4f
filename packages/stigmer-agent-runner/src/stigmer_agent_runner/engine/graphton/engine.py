"""Runs an agent as a LangGraph deep agent whose every step is checkpointed where the session remembers.

A run that resumes asks the checkpoint where it stands: completed tool calls, also of a parallel batch, are never
repeated. A stop drains the graph at its next step; the stream is never left early, which would cancel tools.
"""

from __future__ import annotations

import dataclasses
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import httpx2
import openai
from deepagents import (
    GeneralPurposeSubagentProfile,
    HarnessProfile,
    create_deep_agent,
    register_harness_profile,
)
from deepagents.backends import CompositeBackend
from deepagents.middleware.filesystem import FilesystemMiddleware, FsToolName
from langchain.agents.middleware import AgentMiddleware, TodoListMiddleware
from langchain_core.messages import AIMessageChunk, AnyMessage, HumanMessage
from langgraph.errors import GraphDrained, GraphRecursionError
from langgraph.runtime import RunControl

from stigmer_agent_runner.engine.answers import KIND, Expected, repair_of
from stigmer_agent_runner.engine.gate import Gate
from stigmer_agent_runner.engine.graphton import history
from stigmer_agent_runner.engine.graphton.backend import ShellBackend, WorkspaceBackend
from stigmer_agent_runner.engine.graphton.calls import described
from stigmer_agent_runner.engine.graphton.chat import chat_model, explain, is_of_endpoint, refuse_page
from stigmer_agent_runner.engine.graphton.delegates import DelegatingHooks, specification, system_prompt
from stigmer_agent_runner.engine.graphton.hooks import Run
from stigmer_agent_runner.engine.graphton.saver import opened
from stigmer_agent_runner.engine.graphton.traffic import RecordingTransport, ReplayTransport, recording_file
from stigmer_agent_runner.engine.graphton.untrusted import UntrustedOutput
from stigmer_agent_runner.engine.limits import Spending
from stigmer_agent_runner.engine.protocol import Completed, Control, Emit, Failed, Outcome, Segment, Waiting
from stigmer_agent_runner.engine.retry import RetryPolicy
from stigmer_agent_runner.errors import ModelError, RunStopped
from stigmer_agent_runner.tools.files import FileTools
from stigmer_agent_runner.tools.shell import EXECUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.language_models import BaseChatModel
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from stigmer_agent_runner.engine.providers import ModelChoice
    from stigmer_agent_runner.settings import Settings

_NODES_PER_TURN = 6
"""Graph steps that one turn may take at most; with it the graph's own limit stays above ours."""

_FILE_TOOLS: tuple[FsToolName, ...] = ("ls", "read_file", "write_file", "edit_file", "glob", "grep")

_ARTIFACTS = "/.stigmer"
"""Where deepagents puts large tool results and summarised history, out of the way of the user's own files."""

# Without declared sub-agents there is no `task` tool: these are the providers of all chat models that are made here.
for _provider in ("openai", "anthropic"):
    register_harness_profile(
        _provider, HarnessProfile(general_purpose_subagent=GeneralPurposeSubagentProfile(enabled=False))
    )


def create(settings: Settings) -> GraphtonEngine:
    """Make the engine for engine.registry."""
    longest = settings.llm_retry_seconds * 16
    retry = RetryPolicy(settings.llm_max_attempts, settings.llm_retry_seconds, longest)
    return GraphtonEngine(retry, settings.llm_timeout_seconds, settings.max_steps, settings.llm_record)


class GraphtonEngine:
    """The engine of every provider with an OpenAI-compatible endpoint."""

    def __init__(self, retry: RetryPolicy, timeout: float, max_steps: int, record: str = "") -> None:
        """`record`: name of the recording that answers are added to."""
        self._record = record
        self._retry = retry
        self._timeout = timeout
        self._max_steps = max_steps

    async def run(self, segment: Segment, emit: Emit, control: Control) -> Outcome:
        """Resume from the checkpoint, or start with the user message, and run until the agent answered."""
        run = Run(segment, emit, control, self._retry, self._max_steps, Gate.of(segment, emit), Spending.of(segment))
        async with AsyncExitStack() as stack:
            saver = await stack.enter_async_context(opened(segment.checkpoints, run.closed))
            try:
                _refuse_other_engines(segment)
                client = await stack.enter_async_context(self._client(segment))
                return await self._drive(self._graph(run, saver, client), run)
            except GraphDrained:
                return control.outcome()
            except RunStopped:
                return control.outcome()
            except GraphRecursionError:
                return Failed("step_limit", f"no answer after {self._max_steps} steps")
            except ModelError as error:
                return Failed(error.kind, str(error))
            except Exception as error:
                if not is_of_endpoint(error):
                    raise
                found = explain(error, segment.model)
                return Failed(found.kind, str(found))

    def _client(self, segment: Segment) -> openai.DefaultAsyncHttpxClient:
        """The HTTP client of a run; its requests are recorded, or answered from a recording."""
        data, redact = segment.paths.root.parent.parent, segment.redactor.text
        if segment.model.provider.api == "replay":
            replay = ReplayTransport(recording_file(data, segment.model.model), redact)
            return openai.DefaultAsyncHttpxClient(timeout=self._timeout, transport=replay)
        hooks = {"response": [refuse_page]}
        if not self._record:
            return openai.DefaultAsyncHttpxClient(timeout=self._timeout, event_hooks=hooks)
        recording = RecordingTransport(httpx2.AsyncHTTPTransport(), recording_file(data, self._record), redact)
        return openai.DefaultAsyncHttpxClient(timeout=self._timeout, transport=recording, event_hooks=hooks)

    def _graph(self, run: Run, saver: BaseCheckpointSaver[str], client: openai.DefaultAsyncHttpxClient) -> Any:
        segment = run.segment

        def model(choice: ModelChoice) -> BaseChatModel:
            return chat_model(choice, self._timeout, client, run.arguments)

        return create_deep_agent(
            model(segment.model),
            [described(tool) for tool in segment.tools.tools.values()],
            system_prompt=system_prompt(segment),
            middleware=[*_middleware(segment), DelegatingHooks(run)],
            subagents=[specification(segment, agent, model, _middleware) for agent in segment.abilities.sub_agents],  # type: ignore[misc]
            backend=_backend(segment),
            checkpointer=saver,
            name=segment.agent_name or None,
        )

    async def _drive(self, graph: Any, run: Run) -> Outcome:
        config = {
            "configurable": {"thread_id": run.segment.thread_id},
            "recursion_limit": (self._max_steps + 1) * _NODES_PER_TURN,
        }
        state = await graph.aget_state(config)
        before = history.since(_messages(state), run.segment.execution_id)
        for event in history.told(before or [], run.segment):
            run.emit(event)
        answer = history.answer_in(before or [])
        if answer is None or state.next:
            resumes = before is not None and bool(state.next)
            message = HumanMessage(run.segment.message, id=run.segment.execution_id)
            await self._stream(graph, None if resumes else {"messages": [message]}, config, run)
        outcome = await self._outcome(graph, config, run)
        if not isinstance(outcome, HumanMessage):
            return outcome
        await self._stream(graph, {"messages": [outcome]}, config, run)
        repaired = await self._outcome(graph, config, run)
        return Failed(KIND, str(repaired.text)) if isinstance(repaired, HumanMessage) else repaired

    async def _outcome(self, graph: Any, config: Any, run: Run) -> Outcome | HumanMessage:
        """What the state of the conversation means; a message when the answer is to be repaired by it."""
        if run.gate.asks:
            return Waiting(tuple(run.gate.asks.values()))
        state = await graph.aget_state(config)
        after = history.since(_messages(state), run.segment.execution_id) or []
        answer = history.answer_in(after)
        if answer is None and run.control.reason is not None:
            return run.control.outcome()  # a sub-agent stopped at a safe point of its own
        if answer is None:
            return Failed("no_answer", "the agent ended without an answer of its model")
        judged = _judged(run.segment, str(answer.text), after)
        at = str(state.config["configurable"]["checkpoint_id"])
        return dataclasses.replace(judged, at=at) if isinstance(judged, Completed) else judged

    async def _stream(self, graph: Any, source: Any, config: Any, run: Run) -> None:
        drain = RunControl()
        run.control.on_request(lambda reason: drain.request_drain(reason.value))
        stream = graph.astream(source, config, stream_mode="messages", durability="sync", control=drain)
        async for message, _ in stream:
            if isinstance(message, AIMessageChunk):
                run.heard(message)


def _judged(segment: Segment, text: str, after: Sequence[AnyMessage]) -> Outcome | HumanMessage:
    """Read the document that an answer must be; once per execution a message asks to repair it."""
    expected = Expected(segment.output_schema)
    document, problem = (None, "") if expected.schema is None else expected.read(text)
    if not problem:
        return Completed(text, document)
    repair_id = f"{segment.execution_id}/repair"
    if any(message.id == repair_id for message in after):
        return Failed(KIND, f"the model's answer does not fit structured_output_schema, not even repaired: {problem}")
    return HumanMessage(repair_of(problem), id=repair_id)


def _backend(segment: Segment) -> CompositeBackend:
    backend = ShellBackend if EXECUTE in segment.tools.tools else WorkspaceBackend
    return CompositeBackend(default=backend(FileTools.of(segment)), routes={}, artifacts_root=_ARTIFACTS)


def _middleware(segment: Segment) -> list[AgentMiddleware[Any, Any, Any]]:
    return [
        FilesystemMiddleware(backend=_backend(segment), tools=list(_FILE_TOOLS)),  # takes the place of deepagents' own
        TodoListMiddleware(),
        UntrustedOutput(segment.session_id),
    ]


def _refuse_other_engines(segment: Segment) -> None:
    for agent in segment.abilities.sub_agents:
        if agent.model.provider.engine != segment.model.provider.engine:
            text = (
                f"the sub-agent {agent.name!r} uses {agent.model.label}, which cannot run beside {segment.model.label};"
                " choose another model_override"
            )
            raise ModelError(text, kind="not_supported")


def _messages(state: Any) -> Sequence[AnyMessage]:
    found: Sequence[AnyMessage] = state.values.get("messages", ())
    return found
