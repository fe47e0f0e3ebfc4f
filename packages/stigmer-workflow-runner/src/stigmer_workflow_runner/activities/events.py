"""What runs and the server tell each other beside reports: events for listeners, answers of people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_api.messages import message_class
from stigmer_api.methods import EVENT_SERVICE
from stigmer_workflow_runner.activities.failures import no_surprises, server_errors
from stigmer_workflow_runner.runtime import PUBLISH, READ_ANSWER

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

_EXECUTION_ID = "ai.stigmer.agentic.workflowexecution.v1.WorkflowExecutionId"


class Events:
    """The two activities about events and answers."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @activity.defn(name=PUBLISH)
    async def publish(self, argument: dict[str, Any]) -> dict[str, Json]:
        """Publish `{event, key, org, parent, recovery}`; `parent` is the emitting execution. Gives `{listeners}`.

        The request id is made of execution, recovery and key, so a repeated call publishes nothing more.
        """
        event = argument["event"]
        doing = f"publishing an event of type {event['type']!r}"
        again = f"/recovery-{argument['recovery']}" if argument.get("recovery") else ""
        with no_surprises(doing), server_errors(doing):
            request = message_class("stigmer.runtime.v1.PublishEventRequest")(
                org=argument["org"],
                event_json=json.dumps(event),
                request_id=f"{argument['parent']}{again}/{argument['key']}",
            )
            answer: Any = await self._client.call(EVENT_SERVICE, "Publish", request)
        return {"listeners": answer.listeners}

    @activity.defn(name=READ_ANSWER)
    async def read_answer(self, argument: dict[str, Any]) -> dict[str, Json] | None:
        """The answer that the server has taken to the question `request` of the execution `parent`, or None."""
        doing = f"reading the workflow execution {argument['parent']}"
        with no_surprises(doing), server_errors(doing):
            request = message_class(_EXECUTION_ID)(value=argument["parent"])
            execution: Any = await self._client.call("workflow_execution", "get", request)
        for task in execution.status.tasks:
            answer = task.human_answer
            if answer.request_id and answer.request_id == argument["request"]:
                return {
                    "outcome": answer.outcome,
                    "data": json.loads(answer.form_json),
                    "comment": answer.comment,
                    "reviewer": answer.reviewer,
                }
        return None
