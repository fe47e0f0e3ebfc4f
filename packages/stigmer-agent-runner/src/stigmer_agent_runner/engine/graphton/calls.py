"""One tool call of the graph: through the gate, carried out, and told as a message that knows how the call ended.

A call that waits interrupts its own task only: its siblings run and are saved, and when the graph goes on the call
comes here again and is judged anew, also inside a sub-agent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import structlog
from langchain.agents.middleware import ToolCallRequest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command, interrupt

from stigmer_agent_runner.engine.gate import Answer, Call, Ending, Gate, Run, Wait
from stigmer_agent_runner.engine.running import run_tool
from stigmer_agent_runner.tools.tool import Invocation

if TYPE_CHECKING:
    from stigmer_agent_runner.engine.protocol import Segment
    from stigmer_agent_runner.tools.tool import Tool

_log = structlog.get_logger(__name__)

_ENDING = "stigmer_ending"
"""Key in a tool message that was not simply carried out."""

Handler = Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]


async def gated(
    segment: Segment, gate: Gate, request: ToolCallRequest, handler: Handler, *, sub_agent: str = "", subject: str = ""
) -> ToolMessage | Command[Any]:
    """Judge a call and carry it out, or return what the model reads instead; interrupts the task when it waits."""
    wanted = request.tool_call
    call = Call(wanted["id"] or "", wanted["name"], wanted["args"], None, sub_agent, subject)
    verdict = await gate.judge(call)
    if isinstance(verdict, Wait):
        interrupt({"tool_call_id": call.call_id})
        raise AssertionError("nobody resumes with a value")  # noqa: TRY004 - interrupt() does not return
    if isinstance(verdict, Answer):
        return message_of(call, verdict)
    carried = _Carried(segment, request, handler, verdict)
    answer = await gate.carry_out(call, verdict, carried.run)
    whole = carried.result
    if whole is None or (isinstance(whole, ToolMessage) and answer.text != str(whole.text)):
        return message_of(call, answer)
    return whole


class _Carried:
    """One call being carried out; `result` keeps what a tool of the framework returned."""

    def __init__(self, segment: Segment, request: ToolCallRequest, handler: Handler, verdict: Run) -> None:
        self.result: ToolMessage | Command[Any] | None = None
        self._segment = segment
        self._request = request
        self._handler = handler
        self._args = dict(verdict.args)

    async def run(self) -> Answer:
        """Carry the call out. One that breaks is an error that the model reads, never the run's end."""
        wanted = self._request.tool_call
        tool = self._segment.tools.tools.get(wanted["name"])
        if tool is not None:
            return await run_tool(tool, Invocation(self._segment.execution_id, wanted["id"] or "", self._args))
        try:
            request = self._request.override(tool_call={**wanted, "args": self._args})
            self.result = await self._handler(request)
        except GraphBubbleUp:
            raise
        except Exception as error:  # noqa: BLE001 - the edge between the run and whatever a tool does
            _log.exception("tool broke", tool=wanted["name"])
            return Answer(f"Error: {type(error).__name__}: {error}", Ending.FAILED)
        if isinstance(self.result, ToolMessage):
            return Answer(str(self.result.text), ending_of(self.result))
        return Answer("")


def message_of(call: Call, answer: Answer) -> ToolMessage:
    """The message of a result that no tool of the framework made."""
    return ToolMessage(
        answer.text,
        name=call.tool,
        tool_call_id=call.call_id,
        status="success" if answer.ending is Ending.DONE else "error",
        additional_kwargs={_ENDING: answer.ending.value},
    )


def ending_of(message: ToolMessage) -> Ending:
    """How the call of a tool message ended."""
    said = message.additional_kwargs.get(_ENDING)
    return Ending(said) if said else Ending.FAILED if message.status == "error" else Ending.DONE


def described(tool: Tool) -> BaseTool:
    """A declared tool as the framework describes it to models; `gated` runs it."""

    async def never(**_: Any) -> str:
        raise AssertionError("declared tools run behind the gate")

    return StructuredTool(
        name=tool.name, description=tool.description, args_schema=dict(tool.parameters), coroutine=never
    )
