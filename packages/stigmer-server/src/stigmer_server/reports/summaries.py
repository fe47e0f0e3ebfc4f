"""getExecutionSummary of both execution kinds: counts, durations, failures and cost of a window of time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1.io_pb2 import AgentExecutionSummary
from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1.io_pb2 import ExecutionSummary
from stigmer_api.kinds import Kind, kind_by_key
from stigmer_server.executions import phases
from stigmer_server.reports.reading import Span, executions, took, window_start
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import from_record
from stigmer_server.resources.metadata import violation
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.registry import Services

__all__ = ["agent_summary", "workflow_summary"]

_MOST_FAILING = 10
_MOST_COSTS = 100
_MICROS = 1_000_000
_LARGEST = 2**63 - 1


@dataclass(slots=True)
class _Tally:
    """What is counted while executions pass by; it grows with agents or workflows, never with executions."""

    phases: Counter[int] = field(default_factory=Counter)
    by_name: Counter[str] = field(default_factory=Counter)
    total: int = 0
    finished: int = 0
    seconds: float = 0.0
    runs: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    costs: Counter[str] = field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, execution: Resource, owner: str) -> None:
        """Count one execution of the agent or workflow `owner`."""
        phase = phases.phase_of(execution)
        self.phases[execution.status.phase] += 1
        self.by_name[phase] += 1
        self.total += 1
        self.runs[owner] += 1
        if phase == phases.FAILED:
            self.failures[owner] += 1
        duration = took(execution) if phase in phases.TERMINAL else None
        if duration is not None:
            self.finished += 1
            self.seconds += duration.total_seconds()

    @property
    def active(self) -> int:
        """Executions that have not ended."""
        return sum(self.by_name[phase] for phase in phases.UNFINISHED)

    @property
    def success_rate(self) -> float:
        """Completed ones among those that have ended, from 0 to 1; 0 when none has."""
        ended = sum(self.by_name[phase] for phase in phases.TERMINAL)
        return self.by_name[phases.COMPLETED] / ended if ended else 0.0

    def fill(self, summary: Any) -> None:
        """Write what both summaries have."""
        summary.active_count = self.active
        summary.phase_counts.update(self.phases)
        if self.finished:
            summary.avg_duration.FromTimedelta(timedelta(seconds=self.seconds / self.finished))


async def agent_summary(services: Services, request: Any) -> AgentExecutionSummary:
    """Agent executions of an org that were created in a window."""
    require_valid(request)
    span = Span(window_start(request, datetime.now(UTC)))
    tally = _Tally()
    query = ListQuery(kinds=("agent_execution",), org=request.org)
    async for _record, execution in executions(services.repository, query, span):
        tally.add(execution, execution.spec.agent_id)
    summary = AgentExecutionSummary()
    tally.fill(summary)
    for agent_id, count in _ranked(tally.failures, _MOST_FAILING):
        slug, name = await _names(services, kind_by_key("agent"), agent_id)
        summary.top_failing_agents.add(agent_slug=slug, agent_name=name, failure_count=count)
    return summary


async def workflow_summary(services: Services, request: Any) -> ExecutionSummary:
    """Workflow executions of an org, or of one workflow in it, that were created in a window."""
    require_valid(request)
    span = Span(window_start(request, datetime.now(UTC)))
    kind = kind_by_key("workflow")
    fields = {"workflow_id": await _workflow_id(services, request)} if request.workflow_id else {}
    tally = _Tally()
    query = ListQuery(kinds=("workflow_execution",), org=request.org, fields=fields)
    async for _record, execution in executions(services.repository, query, span):
        tally.add(execution, execution.spec.workflow_id)
        tally.costs[execution.spec.workflow_id] += execution.status.total_cost_micros
        tally.input_tokens += max(execution.status.total_input_tokens, 0)
        tally.output_tokens += max(execution.status.total_output_tokens, 0)
    summary = ExecutionSummary(total_count=tally.total, success_rate=tally.success_rate)
    tally.fill(summary)
    summary.total_cost.total_cost_usd = tally.costs.total() / _MICROS
    summary.total_cost.total_input_tokens = min(tally.input_tokens, _LARGEST)
    summary.total_cost.total_output_tokens = min(tally.output_tokens, _LARGEST)
    for workflow_id, count in _ranked(tally.failures, _MOST_FAILING):
        slug, name = await _names(services, kind, workflow_id)
        summary.top_failing_workflows.add(workflow_slug=slug, workflow_name=name, failure_count=count)
    for workflow_id, micros in _ranked(tally.costs, _MOST_COSTS):
        slug, name = await _names(services, kind, workflow_id)
        summary.cost_by_workflow.add(
            workflow_slug=slug,
            workflow_name=name,
            total_cost_usd=micros / _MICROS,
            execution_count=tally.runs[workflow_id],
        )
    return summary


def _ranked(counts: Counter[str], most: int) -> list[tuple[str, int]]:
    """The largest first, equal ones by id, so that the answer is the same each time."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


async def _names(services: Services, kind: Kind, resource_id: str) -> tuple[str, str]:
    """Slug and name; of what was deleted, the id."""
    record = await services.repository.get(kind.key, resource_id)
    return (resource_id, resource_id) if record is None else (record.slug, record.name)


async def _workflow_id(services: Services, request: Any) -> str:
    """The id of the workflow of a request, which may be gone while its executions are still there."""
    kind = kind_by_key("workflow")
    record = await services.repository.get(kind.key, request.workflow_id)
    record = record or await services.repository.find_by_slug(kind.key, request.org, request.workflow_id)
    if record is None:
        fields = {"workflow_id": request.workflow_id}
        query = ListQuery(("workflow_execution",), org=request.org, fields=fields, page_size=1, counted=False)
        if not (await services.repository.list(query)).items:
            raise await services.controller.missing(kind, request.workflow_id, request.org)
        return str(request.workflow_id)
    if record.org != request.org:
        owner = from_record(record).metadata.org
        raise violation("workflow_id", f"{request.workflow_id} belongs to org {owner!r}, not {request.org!r}")
    return record.id
