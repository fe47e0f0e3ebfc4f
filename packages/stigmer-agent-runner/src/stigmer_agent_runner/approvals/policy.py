"""Who is asked about a call, and what was answered. Pure data: the server stores decisions, the gate acts on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2


class Action(Enum):
    """What a person said about one call."""

    APPROVE = enum_pb2.APPROVAL_ACTION_APPROVE
    SKIP = enum_pb2.APPROVAL_ACTION_SKIP
    REJECT = enum_pb2.APPROVAL_ACTION_REJECT
    APPROVE_ALL = enum_pb2.APPROVAL_ACTION_APPROVE_ALL


@dataclass(frozen=True, slots=True)
class Decision:
    """A stored answer. args: what to call the tool with instead of what the model gave. at: RFC 3339, UTC."""

    action: Action
    by: str = ""
    at: str = ""
    comment: str = ""
    args: Mapping[str, Any] | None = None

    @property
    def is_yes(self) -> bool:
        """Whether the call may run."""
        return self.action in {Action.APPROVE, Action.APPROVE_ALL}


@dataclass(frozen=True, slots=True)
class Ask:
    """One call that waits for a person. request_id: names the question; a call may be asked about twice.

    args: the arguments in question. message: why it asks. sub_agent: name of the sub-agent that wants it, if one does.
    """

    request_id: str
    call_id: str
    tool: str
    args: Mapping[str, Any]
    message: str
    source: enum_pb2.ApprovalPolicySource = enum_pb2.APPROVAL_POLICY_SOURCE_UNSPECIFIED
    kind: enum_pb2.ToolKind = enum_pb2.TOOL_KIND_UNSPECIFIED
    mcp_server: str = ""
    sub_agent: str = ""
    sub_agent_subject: str = ""


@dataclass(frozen=True, slots=True)
class Approvals:
    """The rules of one execution. approve_all: nobody is asked, everything may run. unattended: nobody is there to
    ask, what needs approval is skipped. decisions: answers by request id. patience: seconds after which a question
    counts as refused; 0: never.
    """

    approve_all: bool = False
    unattended: bool = False
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    patience: float = 0.0

    @property
    def rest_approved(self) -> bool:
        """Whether a person approved everything that comes after."""
        return any(decision.action is Action.APPROVE_ALL for decision in self.decisions.values())
