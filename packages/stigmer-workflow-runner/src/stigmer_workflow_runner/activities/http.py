"""One HTTP request.

Temporal repeats this activity only when its worker is lost (no heartbeat), never because of an answer: the document
decides about retries. So a request is made at least once, and each carries the same `Idempotency-Key` when repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.credentials import Authenticator
from stigmer_workflow_runner.activities.web import ACCEPT, Request, Web, body_of, output_of
from stigmer_workflow_runner.activities.world import Opened, World
from stigmer_workflow_runner.requests import shaped


class HttpCalls:
    """The HTTP activity."""

    def __init__(self, web: Web, world: World | None = None, authenticator: Authenticator | None = None) -> None:
        self._web = web
        self._world = world or World()
        self._authenticator = authenticator or Authenticator(web)

    @activity.defn(name="http")
    async def call(self, argument: dict[str, Any]) -> Any:
        """Make the request; fails with a communication error that names the endpoint.

        `argument`: a request as `requests.shaped` makes it, or its `fields`; key, timeout, and perhaps authentication.
        """
        label = f"{argument['method']} {argument['uri']}" if "uri" in argument else "the HTTP call"
        return await self._world.run(argument, label, self.request)

    async def request(self, opened: Opened) -> Json:
        """Make the request of an opened argument."""
        argument = opened.argument
        policy = argument.get("authentication")
        credentials = await self._authenticator.of(policy, opened)
        opened.authorize(credentials and credentials.shown)
        asked = shaped(argument["fields"]) if "fields" in argument else argument
        request = _request(asked, argument["key"])
        answer = await self._authenticator.send(request, policy, opened, credentials)
        answer.check(request.label, 400 if request.redirect else 300)
        return output_of(answer, request, asked["output"], opened.redactor)


def _request(asked: Mapping[str, Any], key: str) -> Request:
    headers = {"Idempotency-Key": key, "Accept": ACCEPT, **asked["headers"]}
    return Request(
        method=asked["method"],
        uri=asked["uri"],
        content=body_of(asked["body"], headers) if asked["has_body"] else None,
        headers=headers,
        query=[(name, value) for name, value in asked["query"]],
        redirect=bool(asked["redirect"]),
    )
