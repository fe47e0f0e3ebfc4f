"""Runs feature files in the form of the specification's conformance kit: in process, or on Temporal.

The kit's steps, and a few more for what it does not cover (see `tests/features/`):

    Given the service answers 503, 200 with body: ...      the answers of the HTTP service at ${service}, in turn
    Given the signal 'go' arrives after 5 seconds with: ...
    Then the service should have been called 3 times
    Then the workflow should take 30 seconds               in process, where time is virtual
    Then the workflow should fault with type 'timeout'
    Then the workflow should be refused with: ...          part of the problems

What a service, a schedule or another runner does in a scenario: see `runner_surroundings.py`.
"""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from gherkin.parser import Parser
from ruamel.yaml import YAML
from runner_surroundings import Surroundings
from runner_testing import Stack, offline_calls
from temporalio.client import WorkflowFailureError

from stigmer_api.dsl.definition import read_text
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document
from stigmer_workflow_runner.progress import Progress


def scenarios(folder: Path) -> list[Any]:
    """The scenarios of a folder's feature files as parameters."""
    found = []
    for path in sorted(folder.glob("*.feature")):
        parsed: Any = Parser().parse(path.read_text().rstrip() + "\n")
        for item in parsed["feature"]["children"]:
            scenario = {
                **item["scenario"],
                "temporal": any(t["name"] == "@temporal" for t in parsed["feature"]["tags"]),
            }
            found.append(pytest.param(scenario, id=f"{folder.name}: {scenario['name']}"))
    return found


class Trace(Progress):
    """Remembers the order in which tasks ran, by name."""

    def __init__(self) -> None:
        super().__init__("ctk")
        self.order: list[str] = []

    def started(self, task: Any, scope: Any, at: float, given: Any) -> None:
        self.order.append(task.name)
        super().started(task, scope, at, given)


class Scenario:
    """What a scenario builds up and asks about. `service` is the URL of the HTTP service."""

    def __init__(self, scenario: Any, service: str = "") -> None:
        self.steps = scenario["steps"]
        self.service = service
        self.document = ""
        self.given: Any = None
        self.surroundings = Surroundings(service)
        self.answers: list[int] = []
        self.answer_body: Any = None
        self.calls = 0
        self.signals: list[tuple[str, float, Any]] = []
        self.output: Any = None
        self.fault: dict[str, Any] | None = None
        self.refused = ""
        self.order: list[str] = []
        self.seconds = 0.0
        self._yaml = YAML(typ="safe", pure=True)
        self._prepare()

    async def answer(self, _verb: str, _path: str, _headers: dict[str, str], _body: bytes) -> tuple[int, Any]:
        """The HTTP service's next answer; the last one again when all are used up."""
        special = await self.surroundings.answer(_verb, _path, _headers, _body)
        if special is not None:
            self.calls += 1
            return special
        status = self.answers[min(self.calls, len(self.answers) - 1)] if self.answers else 200
        self.calls += 1
        return status, self.answer_body

    # --- Given -----------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        for step in self.steps:
            text, body = step["text"], step.get("docString", {}).get("content")
            if text == "a workflow with definition:":
                self.document = body.replace("${service}", self.service)
            elif text.endswith("the workflow input is:"):
                self.given = self._yaml.load(body)
            elif text.startswith("the service answers"):
                self.answers = [int(status) for status in re.findall(r"\d{3}", text)]
                self.answer_body = self._yaml.load(body) if body else {}
            elif text.startswith("the signal"):
                found = re.fullmatch(r"the signal '([^']+)' arrives after ([\d.]+) seconds?(?: with:)?", text)
                assert found is not None, text
                self.signals.append((found[1], float(found[2]), self._yaml.load(body) if body else {}))
            else:
                self.surroundings.prepare(text, self._yaml.load(body) if body else None)
        if self.surroundings.given is not None:
            self.given = self.surroundings.given

    # --- When ------------------------------------------------------------------------------------------------

    async def run_in_process(self, host_map: dict[str, str] | None = None, drain_every: int = 0) -> None:
        """Run the document on the in-process engine."""
        trace = Trace()
        web, calls = offline_calls(host_map)
        runtime = InProcessRuntime(calls, drain_every=drain_every)
        for name, seconds, payload in self.signals:
            runtime.later(seconds, partial(runtime.signal, name, payload))
        begun = runtime.now()
        try:
            value, _ = read_text(self.document)
            async with self.surroundings.greeting() as port:
                given = self.given if port is None else {"port": port}
                for item in self.surroundings.starts(value, given):
                    self.output = await run_document(value, item, runtime, trace)
        except DocumentInvalidError as error:
            self.refused = str(error)
        except Fault as error:
            self.fault = error.error
        finally:
            await web.close()
        self.order, self.seconds = trace.order, runtime.now() - begun
        self.surroundings.note_lifecycle(self.document, trace.take()["events"])

    async def run_durably(self, stack: Stack) -> None:
        """Run the document as an execution on Temporal with its secrets, perhaps in one runner after the other."""
        try:
            read_text(self.document)
        except DocumentInvalidError as error:
            self.refused = str(error)
            return
        self.output, self.fault = await self.surroundings.run(stack, self.document, self.given)

    async def run_on_temporal(self, stack: Stack) -> None:
        """Run the document as an execution on Temporal, beside all the others of the kit."""
        execution, handle = await stack.run(self.document, self.given, 90)
        try:
            self.output = await handle.result()
        except WorkflowFailureError as error:
            cause: Any = error.cause
            self.fault = cause.details[0]
        events = sorted(stack.api.events[execution].values(), key=lambda event: int(event.event_id.rsplit("/", 1)[1]))
        self.order = [event.task_name for event in events if event.WhichOneof("payload") == "task_started"]

    # --- Then ------------------------------------------------------------------------------------------------

    def check(self, *, timed: bool = True) -> None:
        """Every expectation of the scenario. Not `timed`: the time that it took is not virtual."""
        assert bool(self.refused) == any("should be refused" in step["text"] for step in self.steps), self.refused
        seen = False
        for step in self.steps:
            text, body = step["text"], step.get("docString", {}).get("content")
            if text == "the workflow is executed":
                seen = True
            elif seen and (timed or "should take" not in text):
                self._check(text, None if body is None else self._yaml.load(body))

    def _check(self, text: str, body: Any) -> None:
        words, quoted = text.split(), text.split("'")[1::2]
        if "should run" in text:
            self._check_order(words)
        elif text.startswith("the workflow should complete"):
            assert self.fault is None
            assert "with output" not in text or self.output == body
        elif text.startswith("the workflow should fault"):
            self._check_fault(text, quoted, body)
        elif "should have properties" in text:
            for path in quoted:
                self._at(path)
        elif "property with value" in text:
            assert self._at(quoted[0]) == body
        elif "property containing" in text:
            assert len(self._at(quoted[0])) == int(words[-2])
        else:
            self._check_ours(text, words, body)

    def _check_ours(self, text: str, words: list[str], body: Any) -> None:
        if text.startswith("the service should have been called"):
            assert self.calls == int(words[-2])
        elif text.startswith("the workflow should take"):
            assert round(self.seconds, 3) == float(words[-2])
        elif text.startswith("the workflow should be refused"):
            assert str(body) in self.refused
        elif text.startswith("the tasks should have run in the order"):
            assert self.order == body
        elif not self.surroundings.check(text, body):
            pytest.fail(f"unknown step: {text}")

    def _check_fault(self, text: str, quoted: list[str], body: Any) -> None:
        assert self.fault is not None
        if "with type" in text:
            assert str(self.fault["type"]).rsplit("/", 1)[-1] == quoted[0], self.fault
        if "with error" in text:
            assert self.fault == body
        elif body is not None:
            assert body.items() <= self.fault.items(), self.fault

    def _at(self, path: str) -> Any:
        value = self.output
        for key in path.split("."):
            assert key in value, f"{path} is not in {json.dumps(self.output)}"
            value = value[key]
        return value

    def _check_order(self, words: list[str]) -> None:
        name, relation, other = words[0], words[3], words[-1]
        if relation in ("first", "last"):
            assert self.order[0 if relation == "first" else -1] == name
        else:
            assert (self.order.index(name) < self.order.index(other)) is (relation == "before")
