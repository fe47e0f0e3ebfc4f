"""Executions that only plan (interaction_mode PLAN), and those that carry out such a plan (build_from_plan)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from stigmer_agent_runner.errors import ResolveError
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

if TYPE_CHECKING:
    from stigmer_agent_runner.checkpoints.marks import Marks
    from stigmer_agent_runner.engine.protocol import Segment
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import spec_pb2

__all__ = ["PLAN", "only_plans", "remember_plan", "with_plan"]

PLAN = "plan"
"""Name of the mark that holds the newest plan of a session."""

_PLANS = (
    "In this turn you only plan. Look at whatever you need with tools that read; every call that could change something"
    " is refused, so do not try. Your answer is the plan: what you would do, step by step, with which tools, files and"
    " commands, what could go wrong, and what you need to know from the user first."
)
_BUILDS = "The user agrees with the plan between the marks. Carry it out now.\n<plan>\n{plan}\n</plan>"


def only_plans(config: spec_pb2.ExecutionConfig) -> bool:
    """Whether an execution may look and nothing else. Raises ResolveError for one that is to act as well."""
    plans = config.interaction_mode == enum_pb2.INTERACTION_MODE_PLAN
    if plans and config.build_from_plan:
        raise ResolveError(
            "spec.execution_config: interaction_mode PLAN makes a plan and build_from_plan carries one out; choose one"
        )
    return plans


async def with_plan(segment: Segment, marks: Marks, *, builds: bool) -> Segment:
    """The segment with what its model must know about plans. Raises ResolveError when there is none to carry out."""
    if segment.plans:
        return _told(segment, _PLANS)
    if not builds:
        return segment
    plan = await marks.get(PLAN)
    if not plan:
        raise ResolveError(
            "spec.execution_config.build_from_plan: this session has no plan yet; run an execution with"
            " interaction_mode PLAN in it first",
            kind="plan_missing",
        )
    return _told(segment, _BUILDS.format(plan=plan))


async def remember_plan(segment: Segment, marks: Marks, answer: str) -> None:
    """Keep the answer of an execution that planned: the newest plan of a session counts."""
    if segment.plans:
        await marks.put(PLAN, answer)


def _told(segment: Segment, text: str) -> Segment:
    return dataclasses.replace(segment, surroundings="\n\n".join(filter(None, (segment.surroundings, text))))
