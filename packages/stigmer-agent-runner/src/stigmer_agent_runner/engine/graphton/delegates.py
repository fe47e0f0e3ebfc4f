"""Sub-agents of a graph: what deepagents is told of them, and whose run the hooks serve when one of them works.

Every sub-agent is a graph of its own under the same checkpointer, so it resumes from its own steps. Several may work
at once: which call a hook works for is a context variable, set around the call of `task`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ToolCallRequest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, ToolMessage
from langgraph.types import Command, interrupt

from stigmer_agent_runner.engine.answers import Expected
from stigmer_agent_runner.engine.delegation import DELEGATION, segment_for, subject_of
from stigmer_agent_runner.engine.graphton.calls import Handler, described
from stigmer_agent_runner.engine.graphton.hooks import Run, RunHooks
from stigmer_agent_runner.engine.graphton.untrusted import NOTE
from stigmer_agent_runner.engine.protocol import Event, Segment, SubAgentEvent, SubAgentStarted
from stigmer_agent_runner.errors import RunStopped
from stigmer_agent_runner.skills.text import instructions_for

if TYPE_CHECKING:
    from stigmer_agent_runner.abilities import SubAgent
    from stigmer_agent_runner.engine.providers import ModelChoice

__all__ = ["DelegatingHooks", "specification", "system_prompt"]

_WORKING: ContextVar[Run | None] = ContextVar("stigmer_working_sub_agent", default=None)


def system_prompt(segment: Segment) -> str:
    """What a model is told before everything else."""
    answer = Expected(segment.output_schema).instructions
    parts = (segment.instructions, segment.surroundings, NOTE, instructions_for(segment.abilities.skills), answer)
    return "\n\n".join(part for part in parts if part)


def specification(
    segment: Segment,
    agent: SubAgent,
    model: Callable[[ModelChoice], BaseChatModel],
    middleware: Callable[[Segment], list[AgentMiddleware[Any, Any, Any]]],
) -> dict[str, Any]:
    """What deepagents needs of a sub-agent. middleware: that of a run with this segment, without our hooks."""
    own = segment_for(segment, agent, "")
    return {
        "name": agent.name,
        "description": agent.description or f"The sub-agent {agent.name}.",
        "system_prompt": system_prompt(own),
        "model": _speaking(model(agent.model)),
        "tools": [described(tool) for tool in own.tools.tools.values()],
        "middleware": [*middleware(own), _SubAgentHooks()],
    }


class _Speech(AsyncCallbackHandler):
    """Passes on what a sub-agent's model says while it says it: the stream of the graph is that of the agent alone."""

    run_inline = True

    async def on_llm_new_token(self, token: Any, *, chunk: Any = None, **_: Any) -> None:
        """See AsyncCallbackHandler."""
        run, message = _WORKING.get(), getattr(chunk, "message", None)
        if run is not None and isinstance(message, AIMessageChunk):
            run.heard(message)


def _speaking(model: BaseChatModel) -> BaseChatModel:
    callbacks = model.callbacks if isinstance(model.callbacks, list) else []
    model.callbacks = [*callbacks, _Speech()]
    return model


class DelegatingHooks(RunHooks):
    """Hooks of an agent that may have sub-agents."""

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Handler) -> ToolMessage | Command[Any]:
        """Run a tool; a call that delegates gets a run of its own."""
        run = self.run_of()
        nested = _nested(run, request.tool_call["id"] or "", request.tool_call)
        if nested is None:
            return await super().awrap_tool_call(request, handler)
        token = _WORKING.set(nested)
        try:
            return await super().awrap_tool_call(request, handler)
        finally:
            _WORKING.reset(token)


class _SubAgentHooks(RunHooks):
    """Hooks of a sub-agent: the run that they serve is that of the call it works for."""

    def __init__(self) -> None:
        super().__init__(None)

    async def awrap_model_call(self, request: ModelRequest, handler: Callable[[ModelRequest], Awaitable[Any]]) -> Any:
        """Call the model, unless the run is to stop: an interrupt lets the calls beside this one come to their end."""
        run = self.run_of()
        if run.control.reason is None:
            try:
                return await super().awrap_model_call(request, handler)
            except RunStopped:
                pass
        interrupt({"stopped": run.sub_agent})
        raise AssertionError("nobody resumes with a value")

    def run_of(self) -> Run:
        """The run of the call that this sub-agent works for now."""
        run = _WORKING.get()
        if run is None:
            raise AssertionError("a sub-agent works for no call")
        return run


def _nested(run: Run, call_id: str, wanted: Any) -> Run | None:
    """The run of the sub-agent that a call asks for; None when it asks for none that there is."""
    if wanted["name"] != DELEGATION:
        return None
    agents = {agent.name: agent for agent in run.segment.abilities.sub_agents}
    agent, task = agents.get(wanted["args"].get("subagent_type")), wanted["args"].get("description")
    if agent is None or not isinstance(task, str):
        return None

    def emit(event: Event) -> None:
        run.emit(SubAgentEvent(call_id, event))

    run.emit(SubAgentStarted(call_id, agent.name, task, subject_of(task)))
    segment = segment_for(run.segment, agent, task)
    gate = dataclasses.replace(run.gate, emit=emit, traits=segment.tools.traits)
    nested = Run(segment, emit, run.control, run.retry, run.max_steps, gate, run.spending)
    nested.arguments, nested.owners, nested.task_id = run.arguments, run.owners, call_id
    nested.sub_agent, nested.subject = agent.name, subject_of(task)
    return nested
