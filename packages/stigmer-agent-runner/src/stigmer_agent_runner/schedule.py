"""What a Temporal Schedule starts: a tiny workflow whose activity asks the server for the run of a nominal time.

The server makes the execution, once for each time: here nothing is decided, and everything may be repeated.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from temporalio import activity, workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import structlog

    from stigmer_api._pb.ai.stigmer.agentic.schedule.v1.io_pb2 import ScheduleId, ScheduleTriggerResult
    from stigmer_api.client import AsyncClient
    from stigmer_api.errors import ApiError, InvalidArgument, NotFound, Unimplemented
    from stigmer_api.temporal import SCHEDULE_FIRE, ScheduleFire

__all__ = ["ScheduleActivities", "ScheduleFireWorkflow"]

_FIRE = "stigmer_fire_schedule"
_NOMINAL = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
"""For ever: a server that is away comes back, and says itself when a time is too long ago."""

_log = structlog.get_logger(__name__)


@workflow.defn(name=SCHEDULE_FIRE, failure_exception_types=[Exception])
class ScheduleFireWorkflow:
    """One firing of a schedule."""

    @workflow.run
    async def run(self, fire: ScheduleFire) -> str:
        """Return the id of the execution, or why there is none."""
        info = workflow.info()
        nominal = info.typed_search_attributes.get(_NOMINAL) or info.start_time  # no schedule: started by hand
        answer: str = await workflow.execute_activity(
            _FIRE,
            args=[fire.schedule_id, nominal.isoformat()],
            result_type=str,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=_RETRY,
        )
        return answer


class ScheduleActivities:
    """Bound activities of one process."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @activity.defn(name=_FIRE)
    async def fire(self, schedule_id: str, nominal: str) -> str:
        """Ask for the run of a time (RFC 3339); the id of its execution, or why there is none."""
        request = ScheduleId(value=schedule_id)
        request.nominal_fire_time.FromDatetime(datetime.fromisoformat(nominal))
        try:
            answer = cast("ScheduleTriggerResult", await self._client.call("schedule", "trigger", request))
        except NotFound:
            _log.info("schedule is gone", schedule_id=schedule_id)
            return "the schedule is gone"
        except ApiError as error:
            hopeless = isinstance(error, InvalidArgument | Unimplemented)
            raise ApplicationError(str(error), type=error.reason, non_retryable=hopeless) from error
        _log.info("schedule fired", schedule_id=schedule_id, nominal=nominal, execution_id=answer.execution_id)
        return answer.execution_id or answer.refusal_reason
