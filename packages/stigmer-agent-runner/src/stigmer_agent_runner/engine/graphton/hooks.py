"""The middleware around every model and tool call: retries, limits and events, in the order in which things happen."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, HumanMessage, ToolMessage
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command

from stigmer_agent_runner.engine import loops
from stigmer_agent_runner.engine.gate import Gate
from stigmer_agent_runner.engine.graphton import history
from stigmer_agent_runner.engine.graphton.arguments import RawArguments
from stigmer_agent_runner.engine.graphton.calls import gated
from stigmer_agent_runner.engine.graphton.chat import explain, is_too_long, place_of
from stigmer_agent_runner.engine.limits import Spending, last_turn, notice_of
from stigmer_agent_runner.engine.protocol import (
    Control,
    Emit,
    MessageStarted,
    Notice,
    Segment,
    TextDelta,
)
from stigmer_agent_runner.engine.retry import RetryPolicy
from stigmer_agent_runner.errors import ModelError, RunStopped
from stigmer_agent_runner.failpoints import failpoint


@dataclass(slots=True)
class Run:
    """One run of one execution, as its hooks and its stream see it."""

    segment: Segment
    emit: Emit
    control: Control
    retry: RetryPolicy
    max_steps: int
    gate: Gate
    spending: Spending
    turn: int | None = None
    """The turn that the model is answering now."""
    arguments: RawArguments = field(default_factory=RawArguments)
    owners: dict[str, Run] = field(default_factory=dict)
    """The runs of sub-agents by the ids of their calls, shared by all runs of an execution."""
    sub_agent: str = ""
    """Name of the sub-agent whose run it is; empty: the agent's own. subject: a few words about its task."""
    subject: str = ""
    task_id: str = ""
    """Id of the call that a sub-agent works for."""
    restored: bool = False
    _speaker: str | None = None
    _closed: set[str] = field(default_factory=set)

    def start(self, turn: int) -> None:
        """The model starts to answer, perhaps anew."""
        self.turn, self._speaker = turn, None
        self.arguments.clear()
        self.emit(MessageStarted(turn, self.segment.model.label))

    def done(self, message: AIMessage) -> None:
        """The model has answered."""
        self.own(message)
        if self.turn is not None:
            for event in history.answered(self.turn, message, self.segment):
                self.emit(event)
        self.turn = self._speaker = None

    def heard(self, chunk: AIMessageChunk) -> None:
        """Pass on streamed text; text of an attempt that was given up is not of the answer."""
        text = str(chunk.text)
        if self.turn is None or not text:
            return
        if self._speaker is None:
            self._speaker = chunk.id
        if self._speaker == chunk.id:
            self.emit(TextDelta(self.turn, text))

    def own(self, message: AIMessage) -> None:
        """Remember whose the calls of an answer are: results are saved in one place for all runs."""
        if self.sub_agent:
            self.owners.update({call["id"] or "": self for call in message.tool_calls})

    def before(self, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """The messages of this run in a state; those of a sub-agent are told again when it resumes."""
        if not self.sub_agent:
            return history.since(messages, self.segment.execution_id) or []
        found = list(messages[1:])  # the first is its task
        if not self.restored:
            self.restored = True
            for event in history.told(found, self.segment):
                self.emit(event)
            for message in found:
                if isinstance(message, AIMessage):
                    self.own(message)
        return found

    def closed(self, message: ToolMessage) -> None:
        """A tool is done and its result is saved; told once."""
        owner = self.owners.get(message.tool_call_id)
        if owner is not None and owner is not self:
            owner.closed(message)
        elif message.tool_call_id not in self._closed:
            self._closed.add(message.tool_call_id)
            self.emit(history.tool_closed(message))


class RunHooks(AgentMiddleware[Any, Any, Any]):
    """Hooks of one run."""

    def __init__(self, run: Run | None) -> None:
        super().__init__()
        self._run = run

    def run_of(self) -> Run:
        """The run that is served now."""
        if self._run is None:
            raise AssertionError("no run")
        return self._run

    async def awrap_model_call(self, request: ModelRequest, handler: Callable[[ModelRequest], Awaitable[Any]]) -> Any:
        """Call the model with our retries, and tell what it says."""
        run = self.run_of()
        before = run.before(request.state["messages"])
        for result in before:
            if isinstance(result, ToolMessage):
                run.closed(result)  # those that a run before this one saved
        turn = history.turns_in(before)
        if turn >= run.max_steps:
            raise ModelError(
                f"no answer after {run.max_steps} steps; the limit is agent.max_steps / STIGMER_AGENT_MAX_STEPS",
                kind="step_limit",
            )
        rounds = history.rounds_in(before)
        limit = await self._limit(run, 0 if run.sub_agent else len(rounds))
        request = _without_tools(request, limit) if limit else _warned(request, loops.repeats(rounds))

        async def attempt() -> tuple[Any, AIMessage]:
            run.start(turn)
            failpoint("before-model")
            try:
                response = await handler(request)
            except (ModelError, RunStopped, ContextOverflowError, GraphBubbleUp):
                raise  # a context overflow is for deepagents: it summarises and asks again
            except Exception as error:
                if is_too_long(error):
                    raise ContextOverflowError(str(error)) from error
                raise explain(error, run.segment.model) from error
            return response, _answer(response, run.arguments.broken(), place_of(run.segment.model))

        response, message = await run.retry.call(
            attempt, emit=run.emit, control=run.control, notice_key=f"turn-{turn}/retry"
        )
        failpoint("after-model")
        if limit:
            message.tool_calls = []
        await self._note(run, turn, message)
        _give_ids(message, request.state["messages"], run.owners)
        run.done(message)
        if _finish_reason(message) in {"length", "max_tokens"}:
            text = "The answer ends at the model's output limit and may be incomplete."
            run.emit(Notice(f"turn-{turn}/length", text))
        return response

    async def _limit(self, run: Run, rounds: int) -> str:
        """The limit that is reached, which the user is told."""
        limit = await run.spending.reached(rounds)
        if limit:
            run.emit(Notice("limit", notice_of(limit)))
        return limit

    async def _note(self, run: Run, turn: int, message: AIMessage) -> None:
        """Write down what a model call cost."""
        usage = history.usage_of(message)
        if usage is not None:
            who = f"{run.sub_agent}/{run.task_id}"
            await run.spending.note(who, turn, run.segment.priced(usage))

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """Run a tool behind the gate; it is told as done by the saver, when its result is safe."""
        run = self.run_of()
        repeated = loops.repeats(history.rounds_in(run.before(request.state["messages"])))
        if repeated > loops.BLOCK_AFTER:
            text, wanted = loops.blocked(repeated), request.tool_call
            return ToolMessage(text, name=wanted["name"], tool_call_id=wanted["id"] or "", status="error")
        return await gated(run.segment, run.gate, request, handler, sub_agent=run.sub_agent, subject=run.subject)


def _warned(request: ModelRequest, repeated: int) -> ModelRequest:
    """Tell a model that runs in circles; ModelError when it was told often enough."""
    if repeated >= loops.END_AFTER:
        raise ModelError(loops.ended(repeated), kind="loop_detected")
    if repeated < loops.WARN_AFTER:
        return request
    return request.override(messages=[*request.messages, HumanMessage(loops.warning(repeated))])


def _without_tools(request: ModelRequest, limit: str) -> ModelRequest:
    """The last request of a run: the model can only answer."""
    return request.override(messages=[*request.messages, HumanMessage(last_turn(limit))], tools=[])


def _give_ids(message: AIMessage, earlier: Iterable[AnyMessage], others: Container[str]) -> None:
    """Make tool call ids unique in the conversation: some endpoints send none, or the same ones in every turn."""
    seen = {call["id"] for one in earlier if isinstance(one, AIMessage) for call in one.tool_calls}
    for call in message.tool_calls:
        if not call["id"] or call["id"] in seen or call["id"] in others:
            call["id"] = f"call_{uuid.uuid4().hex}"
        seen.add(call["id"])


def _finish_reason(message: AIMessage) -> str:
    """Why the model stopped, whatever its API calls it; empty: the answer was cut off."""
    said = message.response_metadata
    return str(said.get("finish_reason") or said.get("stop_reason") or "")


def _answer(response: Any, broken: list[str], where: str) -> AIMessage:
    """Return the model's message of a response of the endpoint `where`; ModelError when it cannot be acted upon."""
    inner = getattr(response, "model_response", response)
    messages = inner.result if isinstance(inner, ModelResponse) else [inner]
    message = next((item for item in messages if isinstance(item, AIMessage)), None)
    if message is None:
        raise ModelError("the model answered nothing", kind="model_protocol", retryable=True)
    if broken:
        text = f"the model called {', '.join(broken)} with arguments that are not JSON."
        raise ModelError(text, kind="model_protocol", retryable=True)
    if not _finish_reason(message):
        raise ModelError(f"the answer of the model was cut off: {where}.", kind="model_failed", retryable=True)
    return message
