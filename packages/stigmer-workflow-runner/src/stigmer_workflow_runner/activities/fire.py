"""Makes the execution of a scheduled workflow, once for each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from temporalio import activity

from stigmer_api.errors import NotFound
from stigmer_api.kinds import API_VERSION, kind_by_key
from stigmer_api.messages import message_class
from stigmer_api.temporal import encode_callback
from stigmer_workflow_runner.activities.failures import no_surprises, server_errors

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

LABEL: Final = "stigmer.ai/schedule"
"""Label of the executions of a schedule; its value is the id of that one, here of the workflow itself."""
_WORKFLOW = kind_by_key("workflow")
_EXECUTION = kind_by_key("workflow_execution")


class Firing:
    """The activity."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @activity.defn(name="fire_workflow")
    async def fire(self, argument: dict[str, Any]) -> dict[str, str]:
        """`{id, reason}` of `{workflow_id, key}`: the id is empty when there is no such workflow any more."""
        workflow_id, doing = argument["workflow_id"], f"starting the scheduled workflow {argument['workflow_id']}"
        with no_surprises(doing), server_errors(doing):
            try:
                asked = message_class(f"{_WORKFLOW.package}.WorkflowId")(value=workflow_id)
                workflow = await self._client.call("workflow", "get", asked)
            except NotFound:
                return {"id": "", "reason": f"the workflow {workflow_id} is gone"}
            execution: Any = message_class(f"{_EXECUTION.package}.{_EXECUTION.name}")(
                api_version=API_VERSION, kind=_EXECUTION.name
            )
            metadata = execution.metadata
            metadata.name, metadata.org = f"{workflow.metadata.slug}-scheduled", workflow.metadata.org
            metadata.request_id = f"{workflow_id}/{argument['key']}"
            metadata.labels[LABEL] = workflow_id
            execution.spec.workflow_id = workflow_id
            execution.spec.callback_token = encode_callback(activity.info().workflow_id or "")
            created = await self._client.call("workflow_execution", "create", execution)
        return {"id": created.metadata.id, "reason": ""}
