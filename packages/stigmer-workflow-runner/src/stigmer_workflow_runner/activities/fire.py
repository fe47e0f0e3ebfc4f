"""Makes the executions of a scheduled workflow, once for each time and for each set of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_api.errors import FailedPrecondition, InvalidArgument, NotFound
from stigmer_api.kinds import API_VERSION, kind_by_key
from stigmer_api.messages import message_class
from stigmer_api.temporal import encode_callback
from stigmer_workflow_runner.activities.failures import no_surprises, server_errors
from stigmer_workflow_runner.json_text import to_text
from stigmer_workflow_runner.runtime import FIRE_BY_EVENTS

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

LABEL: Final = "stigmer.ai/schedule"
"""Label of the executions of a schedule; its value is the id of that one, here of the workflow itself."""
_log = structlog.get_logger("stigmer.schedules")
_WORKFLOW = kind_by_key("workflow")
_EXECUTION = kind_by_key("workflow_execution")


class Firing:
    """The activities."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @activity.defn(name="fire_workflow")
    async def fire(self, argument: dict[str, Any]) -> dict[str, str]:
        """`{id, reason}` of `{workflow_id, key}`: the id is empty when there is no such workflow any more."""
        workflow_id, doing = argument["workflow_id"], f"starting the scheduled workflow {argument['workflow_id']}"
        with no_surprises(doing), server_errors(doing):
            try:
                workflow = await self._workflow(workflow_id)
            except NotFound:
                return {"id": "", "reason": f"the workflow {workflow_id} is gone"}
            execution = _execution(workflow, argument["key"])
            execution.spec.callback_token = encode_callback(activity.info().workflow_id or "")
            created: Any = await self._client.call("workflow_execution", "create", execution)
        return {"id": created.metadata.id, "reason": ""}

    @activity.defn(name=FIRE_BY_EVENTS)
    async def fire_by_events(self, argument: dict[str, Any]) -> dict[str, Json]:
        """`{ids}` of `{workflow_id, arming, sets: [{key, input}]}`, in that order; "" where none could be made.

        What the server refuses is not asked again: the next set must not wait for it.
        """
        workflow_id, doing = argument["workflow_id"], f"starting {argument['workflow_id']} by events"
        ids: list[Json] = []
        with no_surprises(doing), server_errors(doing):
            try:
                workflow = await self._workflow(workflow_id)
            except NotFound:
                _log.info("the workflow is gone; its events start nothing", workflow=workflow_id)
                return {"ids": ids}
            for item in argument["sets"]:
                execution = _execution(workflow, f"{argument['arming']}/{item['key']}")
                execution.spec.input_json = to_text(item["input"])
                try:
                    created: Any = await self._client.call("workflow_execution", "create", execution)
                except (InvalidArgument, FailedPrecondition, NotFound) as error:
                    _log.warning("events start no execution", workflow=workflow_id, error=error.message)
                    ids.append("")
                else:
                    ids.append(created.metadata.id)
        return {"ids": ids}

    async def _workflow(self, workflow_id: str) -> Any:
        asked = message_class(f"{_WORKFLOW.package}.WorkflowId")(value=workflow_id)
        return await self._client.call("workflow", "get", asked)


def _execution(workflow: Any, key: str) -> Any:
    """An execution of a workflow; the same key makes no second one."""
    execution: Any = message_class(f"{_EXECUTION.package}.{_EXECUTION.name}")(
        api_version=API_VERSION, kind=_EXECUTION.name
    )
    metadata = execution.metadata
    metadata.name, metadata.org = f"{workflow.metadata.slug}-scheduled", workflow.metadata.org
    metadata.request_id = f"{workflow.metadata.id}/{key}"
    metadata.labels[LABEL] = workflow.metadata.id
    execution.spec.workflow_id = workflow.metadata.id
    return execution
