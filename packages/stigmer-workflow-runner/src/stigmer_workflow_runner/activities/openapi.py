"""One operation of an OpenAPI document: reads the document, finds the operation, makes the request."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.credentials import Authenticator
from stigmer_workflow_runner.activities.documents import Documents
from stigmer_workflow_runner.activities.openapi_document import Filled, OpenApi, Operation, fill
from stigmer_workflow_runner.activities.web import ACCEPT, Request, body_of, output_of
from stigmer_workflow_runner.activities.world import Opened, World
from stigmer_workflow_runner.errors import fault

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
PARTS: Final = "multipart/form-data"


class OpenApiCalls:
    """The OpenAPI activity."""

    def __init__(self, world: World, authenticator: Authenticator, documents: Documents) -> None:
        self._world, self._authenticator, self._documents = world, authenticator, documents

    @activity.defn(name="openapi")
    async def call(self, argument: dict[str, Any]) -> Any:
        """`{output, documents}` of one operation; `documents` has the hash of the document by its URI."""
        return await self._world.run(argument, f"the operation {argument['operation']}", self.request)

    async def request(self, opened: Opened) -> Json:
        """Make the request of an opened argument."""
        argument = opened.argument
        policy = argument["authentication"]
        document = await self._documents.load(argument["document"], opened, argument["pins"])
        credentials = await self._authenticator.of(policy, opened)
        opened.authorize(credentials and credentials.shown)
        if not isinstance(argument["parameters"], dict):
            raise fault("expression", "with.parameters must give an object")
        api = OpenApi(await self._documents.value(document), document.uri)
        operation = api.operation(str(argument["operation"]))
        request = _request(operation, fill(operation, argument["parameters"]), argument)
        answer = await self._authenticator.send(request, policy, opened, credentials)
        answer.check(request.label, 400 if request.redirect else 300)
        output = output_of(answer, request, argument["output"], opened.redactor)
        return {"output": output, "documents": {document.uri: document.sha256}}


def _request(operation: Operation, filled: Filled, argument: dict[str, Any]) -> Request:
    accept = ", ".join(operation.produces) or ACCEPT
    headers = {"Idempotency-Key": argument["key"], "Accept": accept, **filled.headers}
    if filled.cookies:
        headers["Cookie"] = "; ".join(filled.cookies)
    return Request(
        method=operation.method,
        uri=filled.url,
        content=_body(operation, filled, headers) if filled.has_body else None,
        headers=headers,
        query=filled.query,
        redirect=argument["redirect"],
    )


def _body(operation: Operation, filled: Filled, headers: dict[str, str]) -> bytes:
    kinds = operation.consumes or ((FORM,) if filled.form else (JSON,))
    kind = next((k for k in kinds if k.startswith(JSON)), None) if not filled.form else None
    kind = kind or next((k for k in kinds if k.startswith((FORM, PARTS, "text/")) or k.endswith("+json")), None)
    if kind is None:
        raise fault(
            "configuration", f"the operation takes {', '.join(kinds)}, of which none is supported: use JSON or a form"
        )
    headers["Content-Type"] = kind
    if kind.startswith(FORM) and isinstance(filled.body, dict):
        return urlencode(filled.body, doseq=True).encode()
    return body_of(filled.body, headers)
