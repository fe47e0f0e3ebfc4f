"""What is around the workflow of a scenario, beyond the kit: services, secrets, events, and runners that are replaced.

Given the service takes only 'Bearer t-1'              anything else is answered with 401
Given the service is an authorization server, and what it protects
Given the service echoes                               the authorization that it sees
Given a gRPC service greets                            its port is the input's `port`
Given an MCP server greets                             the input has `command` and `server`
Given the event 'paid' is published with: ...          for a workflow with `schedule.on`
Given the secret 'key' is 'value'
Given the runner is replaced while 'rest' waits, and the signal 'go' comes after (or: comes twice after)
Then the schedule should have started 2 runs
Then the lifecycle events should be: ...               those of tasks, and of correlations
Then nothing should tell 'value'                       neither the history nor a report
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator
from typing import Any

from ruamel.yaml import YAML
from runner_services import MCP_SERVER, TokenService, greeter
from temporalio.client import WorkflowFailureError

from stigmer_api.dsl.expressions import Meter
from stigmer_api.dsl.schedule import compile_trigger, schedule_of
from stigmer_api.temporal import SIGNAL_RECEIVED, SignalReceived
from stigmer_workflow_runner.correlating import Correlator, EventJudge
from stigmer_workflow_runner.lifecycle import PREFIX, cloud_events, wanted_by

IN_PROGRESS = 2


class Surroundings:
    """Of one scenario. `service` is the URL of the HTTP service."""

    def __init__(self, service: str) -> None:
        self.given: Any = None
        self._tokens: TokenService | None = None
        self._service = service
        self._only = ""
        self._echoes = self._greets = False
        self._published: list[tuple[str, Any]] = []
        self._secrets: dict[str, str] = {}
        self._replaced: tuple[str, str, int] | None = None
        self._started = 0
        self._lifecycle: list[str] = []
        self._told = ""

    def prepare(self, text: str, body: Any) -> None:
        """A step before the run, when it is one of ours."""
        quoted = text.split("'")[1::2]
        if text.startswith("the service takes only"):
            self._only = quoted[0]
        elif text.startswith("the service is an authorization server"):
            self._tokens = TokenService(url=self._service)
        elif text == "the service echoes":
            self._echoes = True
        elif text == "a gRPC service greets":
            self._greets = True
        elif text == "an MCP server greets":
            self.given = {"command": sys.executable, "server": str(MCP_SERVER)}
        elif text.startswith("the event"):
            self._published.append((quoted[0], body))
        elif text.startswith("the secret"):
            self._secrets[quoted[0]] = quoted[1]
        elif text.startswith("the runner is replaced"):
            self._replaced = (quoted[0], quoted[1], 2 if "comes twice" in text else 1)

    async def answer(self, verb: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any] | None:
        """The HTTP service's answer, None when it has no special one."""
        if self._tokens is not None:
            return await self._tokens.answer(verb, path, headers, body)
        seen = headers.get("authorization", "")
        if self._echoes:
            return 200, {"seen": seen}
        if self._only:
            return (200, {"welcome": True}) if seen == self._only else (401, {})
        return None

    @contextlib.asynccontextmanager
    async def greeting(self) -> AsyncIterator[int | None]:
        """The port of the gRPC service, when there is one."""
        if not self._greets:
            yield None
            return
        async with greeter(reflection=True) as (port, _):
            yield port

    def starts(self, document: Any, given: Any) -> list[Any]:
        """The inputs of the runs: the one that is given, or what the events of the schedule make."""
        schedule = schedule_of(document)
        if schedule is None or schedule.trigger is None:
            return [given]
        correlator, judge = Correlator(compile_trigger(schedule.trigger)), EventJudge(0.0, Meter())
        found = []
        for number, (kind, data) in enumerate(self._published):
            event = {"specversion": "1.0", "id": str(number), "source": "/tests", "type": kind, "data": data}
            complete = correlator.offer(f"event/{number}", event, judge)
            if complete is not None:
                found.append(complete["input"])
        self._started = len(found)
        return found

    def note_lifecycle(self, text: str, events: Any) -> None:
        """Keep the lifecycle events of a run whose document asks for them."""
        document = YAML(typ="safe", pure=True).load(text)
        run = wanted_by(document, "local")
        if run is None:
            return
        for event in events:
            for found in cloud_events(event, run, "wex-1"):
                kind = str(found["type"]).removeprefix(PREFIX).removesuffix(".v1")
                self._lifecycle.append(f"{kind} {found['data'].get('task', '')}".strip())

    async def run(self, stack: Any, text: str, given: Any) -> tuple[Any, Any]:
        """Run a document on Temporal: its output and its error."""
        execution = stack.api.add_execution(stack.api.add_workflow(text), given)
        stack.api.variables[execution] = {name: (value, True) for name, value in self._secrets.items()}
        if self._replaced is not None:
            async with stack.worker():
                handle = await stack.start(execution)
                await stack.api.until(lambda: self._waits(stack.api.status(execution)))
        async with stack.worker():
            handle = await stack.start(execution) if self._replaced is None else handle
            if self._replaced is not None:
                _, signal, times = self._replaced
                for number in range(times):
                    await handle.signal(SIGNAL_RECEIVED, SignalReceived(f"s{number}", signal, {}))
            status = await stack.api.ended(execution)
            output, error = None, None
            try:
                output = await asyncio.wait_for(handle.result(), 30)
            except WorkflowFailureError as failed:
                cause: Any = failed.cause
                error = cause.details[0]
        history = (await handle.fetch_history()).to_json()
        payloads = re.findall(r'"data": "(.*?)"', history)
        shown = [base64.b64decode(data + "==").decode("utf-8", "replace") for data in payloads]
        self._told = history + "".join(shown) + str(stack.api.reports.get(execution)) + str(status)
        return json.loads(json.dumps(output)), error

    def _waits(self, status: Any) -> bool:
        assert self._replaced is not None
        return any(task.task_name == self._replaced[0] and task.status == IN_PROGRESS for task in status.tasks)

    def check(self, text: str, body: Any) -> bool:
        """Whether an expectation is one of ours; then it holds."""
        quoted = text.split("'")[1::2]
        if text.startswith("the schedule should have started"):
            assert self._started == int(text.split()[-2])
        elif text.startswith("the lifecycle events should be"):
            kept = [item for item in self._lifecycle if item.startswith("task.") or ".correlation" in item]
            assert kept == body
        elif text.startswith("nothing should tell"):
            value = quoted[0]
            assert self._told
            forms = (value, base64.b64encode(value.encode()).decode().rstrip("="))
            assert [form for form in forms if form in self._told] == []
        else:
            return False
        return True
