"""Usage reports: tokens, calls and cost of an execution, a session or an agent, as the agent runner measured them.

The cost is the runner's estimate by list price; there is no billing here, so billable and provider cost are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1.io_pb2 import (
    ExecutionUsageSummary,
    GetAgentUsageReportOutput,
    GetExecutionUsageReportOutput,
    GetSessionUsageReportOutput,
    ModelUsage,
    SessionUsageSummary,
    UsageReportAggregate,
)
from stigmer_api.errors import InvalidArgument
from stigmer_api.kinds import kind_by_key
from stigmer_server.executions import phases
from stigmer_server.executions.times import rfc3339
from stigmer_server.reports.reading import Span, executions, span_of_dates
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import from_record
from stigmer_server.resources.metadata import is_id_of, violation
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.registry import Services
    from stigmer_store import ResourceRecord

__all__ = ["agent_report", "execution_report", "session_report"]

_EXECUTION = kind_by_key("agent_execution")
_SESSION = kind_by_key("session")
_AGENT = kind_by_key("agent")
_MICROS = 1_000_000
_LARGEST = 2**61
_MOST_CALLS = 2**31 - 1
_DEFAULT_PAGE = 50
_LARGEST_PAGE = 1000


@dataclass(slots=True)
class _Usage:
    """What one model, or all of them, took."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    calls: int = 0
    micros: int = 0

    @property
    def total(self) -> int:
        """Tokens in and out."""
        return self.input + self.output

    def add(self, other: _Usage) -> None:
        """Count the other one in; what runners report is not trusted to fit the wire when it is added up."""
        self.input = min(self.input + other.input, _LARGEST)
        self.output = min(self.output + other.output, _LARGEST)
        self.cache_read = min(self.cache_read + other.cache_read, _LARGEST)
        self.cache_write = min(self.cache_write + other.cache_write, _LARGEST)
        self.calls = min(self.calls + other.calls, _MOST_CALLS)
        self.micros = min(self.micros + other.micros, _LARGEST)


@dataclass(slots=True)
class _Account:
    """Usage by model name, as the executions tell it: `provider:model`, or only a model, or nothing."""

    models: dict[str, _Usage] = field(default_factory=dict)

    def add(self, execution: Resource) -> None:
        """Count an execution in."""
        for model, usage in _used(execution):
            self.models.setdefault(model, _Usage()).add(usage)

    def total(self) -> _Usage:
        """All models together."""
        total = _Usage()
        for usage in self.models.values():
            total.add(usage)
        return total

    def primary(self) -> str:
        """The model that took most tokens; of equal ones the first by name."""
        return min(self.models, key=lambda model: (-self.models[model].total, model), default="")

    def aggregate(self) -> UsageReportAggregate:
        """The sum as the reports have it."""
        total, (provider, model) = self.total(), _split(self.primary())
        return UsageReportAggregate(
            input_tokens=total.input,
            output_tokens=total.output,
            total_tokens=total.total,
            cache_creation_input_tokens=total.cache_write,
            cache_read_input_tokens=total.cache_read,
            llm_call_count=total.calls,
            billable_cost_micros=total.micros,
            provider_cost_micros=total.micros,
            primary_model=model,
            primary_provider=provider,
        )

    def breakdown(self) -> Iterator[ModelUsage]:
        """One entry for each model, most tokens first."""
        for name, usage in sorted(self.models.items(), key=lambda item: (-item[1].total, item[0])):
            provider, model = _split(name)
            yield ModelUsage(
                model=model,
                provider=provider,
                input_tokens=usage.input,
                output_tokens=usage.output,
                cache_creation_input_tokens=usage.cache_write,
                cache_read_input_tokens=usage.cache_read,
                call_count=usage.calls,
                billable_cost_micros=usage.micros,
                provider_cost_micros=usage.micros,
            )


async def execution_report(services: Services, request: Any) -> GetExecutionUsageReportOutput:
    """What one execution took."""
    require_valid(request)
    record = await services.repository.get(_EXECUTION.key, request.execution_id)
    if record is None:
        raise await services.controller.missing(_EXECUTION, request.execution_id, "")
    account = _Account()
    account.add(from_record(record))
    return GetExecutionUsageReportOutput(aggregate=account.aggregate(), model_breakdown=account.breakdown())


async def session_report(services: Services, request: Any) -> GetSessionUsageReportOutput:
    """What the executions of a session took, the newest first."""
    require_valid(request)
    if await services.repository.get(_SESSION.key, request.session_id) is None:
        raise await services.controller.missing(_SESSION, request.session_id, "")
    account = _Account()
    report = GetSessionUsageReportOutput(session_id=request.session_id)
    query = ListQuery(kinds=(_EXECUTION.key,), fields={"session_id": request.session_id})
    async for record, execution in executions(services.repository, query, Span()):
        account.add(execution)
        report.executions.append(_entry(execution))
        report.execution_count += 1
        report.first_execution_at = rfc3339(record.created_at)
        report.last_execution_at = report.last_execution_at or rfc3339(record.created_at)
    report.total_usage.CopyFrom(account.aggregate())
    report.model_breakdown.extend(account.breakdown())
    report.is_estimated = any(entry.is_estimated for entry in report.executions)
    return report


async def agent_report(services: Services, request: Any) -> GetAgentUsageReportOutput:
    """What the executions of an agent took in some days: the sums of all, and its sessions by page, newest first."""
    require_valid(request)
    span = span_of_dates(request.from_date, request.to_date)
    size = _page_size(request)
    agent_id, name = await _agent(services, request)
    account = _Account()
    sessions: dict[str, SessionUsageSummary] = {}
    query = ListQuery(kinds=(_EXECUTION.key,), org=request.org_id, fields={"agent_id": agent_id})
    report = GetAgentUsageReportOutput(agent_id=agent_id, agent_name=name)
    async for record, execution in executions(services.repository, query, span):
        account.add(execution)
        report.total_executions += 1
        session_id = execution.spec.session_id
        entry = sessions.setdefault(session_id, SessionUsageSummary(session_id=session_id))
        _count(entry, record, execution)
    report.total_usage.CopyFrom(account.aggregate())
    report.model_breakdown.extend(account.breakdown())
    report.total_billable_cost_micros = report.total_usage.billable_cost_micros
    report.total_sessions = len(sessions)
    wanted = sorted((key for key in sessions if not request.page_token or key < request.page_token), reverse=True)
    report.sessions.extend(sessions[key] for key in wanted[:size])
    report.next_page_token = wanted[size - 1] if len(wanted) > size else ""
    return report


def _count(entry: SessionUsageSummary, record: ResourceRecord, execution: Resource) -> None:
    """Count an execution, older than those before, into its session."""
    account = _Account()
    account.add(execution)
    usage = account.total()
    entry.execution_count += 1
    entry.total_tokens += usage.total
    entry.billable_cost_micros += usage.micros
    entry.first_execution_at = rfc3339(record.created_at)
    entry.last_execution_at = entry.last_execution_at or rfc3339(record.created_at)


def _entry(execution: Resource) -> ExecutionUsageSummary:
    account = _Account()
    account.add(execution)
    usage, status = account.total(), execution.status
    return ExecutionUsageSummary(
        execution_id=execution.metadata.id,
        started_at=status.started_at,
        completed_at=status.completed_at,
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_input_tokens=usage.cache_read,
        billable_cost_micros=usage.micros,
        primary_model=_split(account.primary())[1],
        sub_agent_count=len(status.sub_agent_executions),
        phase=status.phase,
        is_estimated=usage.micros > 0 or phases.phase_of(execution) not in phases.TERMINAL,
    )


def _used(execution: Resource) -> Iterator[tuple[str, _Usage]]:
    """Usage by model of one execution: what its messages tell, else the runner's sum.

    Only the sum has a cost, so the cost goes to the models by their tokens.
    """
    status = execution.status
    summary = status.streaming_usage
    micros = _number(summary.estimated_cost_usd * _MICROS)
    by_model = _told_by_messages(execution)
    if not by_model:
        usage = _Usage(
            _number(summary.input_tokens),
            _number(summary.output_tokens),
            _number(summary.cache_read_tokens),
            _number(summary.cache_write_tokens),
            _number(summary.turn_count),
            micros,
        )
        if usage.total or usage.calls or micros:
            yield _model_of(execution, summary.model), usage
        return
    all_tokens = sum(usage.total for usage in by_model.values())
    rest = micros
    names = sorted(by_model)
    for name in names:
        usage = by_model[name]
        share = rest if name == names[-1] else (micros * usage.total // all_tokens if all_tokens else 0)
        usage.micros, rest = share, rest - share
        yield name, usage


def _told_by_messages(execution: Resource) -> dict[str, _Usage]:
    found: dict[str, _Usage] = {}
    messages = [*execution.status.messages]
    for child in execution.status.sub_agent_executions:
        messages += child.messages
    for message in messages:
        if "usage" not in message.metadata.fields:
            continue
        metadata = MessageToDict(message.metadata)
        told = metadata["usage"] if isinstance(metadata["usage"], dict) else {}
        usage = found.setdefault(_model_of(execution, metadata.get("model")), _Usage())
        usage.add(
            _Usage(
                _number(told.get("input_tokens")),
                _number(told.get("output_tokens")),
                _number(told.get("cache_read_tokens")),
                _number(told.get("cache_write_tokens")),
                calls=1,
            )
        )
    return found


def _model_of(execution: Resource, told: Any) -> str:
    if isinstance(told, str) and told:
        return told
    return str(execution.status.streaming_usage.model or execution.spec.execution_config.model_name)


def _number(value: Any) -> int:
    """A count; whatever a runner sent that is none counts nothing."""
    return round(value) if isinstance(value, int | float) and 0 <= value < 2**53 else 0


def _split(name: str) -> tuple[str, str]:
    """Provider and model of `provider:model`."""
    provider, colon, model = name.partition(":")
    return (provider, model) if colon else ("", name)


def _page_size(request: Any) -> int:
    if request.page_size < 0:
        raise violation("page_size", "must not be negative")
    if request.page_token and not is_id_of(_SESSION, request.page_token):
        raise InvalidArgument("page_token is not one that this report returned", reason="PAGE_TOKEN_INVALID")
    return min(request.page_size or _DEFAULT_PAGE, _LARGEST_PAGE)


async def _agent(services: Services, request: Any) -> tuple[str, str]:
    """Id and name of the agent of a request, by id or slug; one that is gone may still have executions."""
    record = await services.repository.get(_AGENT.key, request.agent_id)
    record = record or await services.repository.find_by_slug(_AGENT.key, request.org_id, request.agent_id)
    if record is not None:
        if record.org != request.org_id:
            raise violation("agent_id", f"{request.agent_id} belongs to org {record.org!r}, not {request.org_id!r}")
        return record.id, record.name
    fields = {"agent_id": request.agent_id}
    query = ListQuery(kinds=(_EXECUTION.key,), org=request.org_id, fields=fields, page_size=1, counted=False)
    if not (await services.repository.list(query)).items:
        raise await services.controller.missing(_AGENT, request.agent_id, request.org_id)
    return str(request.agent_id), ""
