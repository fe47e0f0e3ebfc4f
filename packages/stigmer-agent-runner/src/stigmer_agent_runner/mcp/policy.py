"""Whether a tool of an MCP server needs a person's approval, who says so, and what a crash means for it. Pure.

The agent's own word counts most, then the server's pinned policies, then what its discovery found, then a hint of
the tool itself that it destroys. Hints only tighten: a server cannot talk itself out of a policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stigmer_agent_runner.abilities import ServerUse
from stigmer_agent_runner.mcp.remote import RemoteTool
from stigmer_agent_runner.tools.tool import AfterCrash, ApprovalRule, Traits
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

__all__ = ["is_idempotent", "rule_of", "traits_of"]


def traits_of(use: ServerUse, tool: RemoteTool) -> Traits:
    """What must be known about a tool before it is called."""
    rule = rule_of(use, tool)
    return Traits(
        approval=None if rule is None else lambda _: rule,
        after_crash=AfterCrash.RERUN if is_idempotent(tool.annotations) else AfterCrash.ASK,
        kind=enum_pb2.TOOL_KIND_MCP,
        mcp_server=use.config.slug,
        reads_only=_only_reads(use, tool),
    )


def _only_reads(use: ServerUse, tool: RemoteTool) -> bool:
    """Whether a planning run may call a tool: its hint counts only when somebody looked at it and pinned it."""
    return tool.annotations.get("readOnlyHint") is True and tool.name in use.pins


def rule_of(use: ServerUse, tool: RemoteTool) -> ApprovalRule | None:
    """Return the rule that asks for approval of a tool, or None."""
    hints = tool.annotations
    own = _named(tool.name, use.overrides)
    if own is not None:
        if not own.requires_approval:
            return None
        return ApprovalRule(_said(own, tool), enum_pb2.APPROVAL_POLICY_SOURCE_AGENT_OVERRIDE)
    policy = _named(tool.name, use.pinned)
    if policy is not None:
        return ApprovalRule(_said(policy, tool), enum_pb2.APPROVAL_POLICY_SOURCE_PINNED_OVERRIDE)
    policy = _named(tool.name, use.found)
    if policy is not None and not policy.from_destructive_hint:
        return ApprovalRule(_said(policy, tool), enum_pb2.APPROVAL_POLICY_SOURCE_CLASSIFIER_DEFAULT)
    destroys = hints.get("destructiveHint") is True and hints.get("readOnlyHint") is not True
    if policy is not None or destroys:
        text = policy.message if policy is not None and policy.message else DESTRUCTIVE.format(tool=tool.name)
        return ApprovalRule(text, enum_pb2.APPROVAL_POLICY_SOURCE_ANNOTATION_DESTRUCTIVE_TIGHTEN)
    return None


DESTRUCTIVE = "{tool} says of itself that it may destroy something."
"""Why a tool with that hint asks."""


def is_idempotent(annotations: Mapping[str, Any]) -> bool:
    """Whether the same call may be made twice: the tool only reads, or says that repeating changes nothing."""
    return annotations.get("readOnlyHint") is True or annotations.get("idempotentHint") is True


def _said(policy: Any, tool: RemoteTool) -> str:
    return str(policy.message) or f"{tool.name} needs approval."


def _named(tool: str, items: Iterable[Any]) -> Any:
    return next((item for item in items if item.tool_name == tool), None)
