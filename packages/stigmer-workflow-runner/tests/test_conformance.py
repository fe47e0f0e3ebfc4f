"""The specification's own conformance kit, as it is, run in process.

Its HTTP scenarios call public hosts; a host map sends them to a stand-in, as `STIGMER_HTTP_HOST_MAP` does in a worker.
Scenarios that need what the runner refuses are listed by name: supporting one means removing it here.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from gherkin.parser import Parser
from ruamel.yaml import YAML
from runner_peer import HttpService
from runner_services import petstore
from runner_testing import SHARED, offline_calls, shared_data

from stigmer_api.dsl.definition import read_text
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document
from stigmer_workflow_runner.progress import Progress

NOT_YET = {
    "Fork Task With Competing Concurrent Sub Tasks": "'fork' task",
    "Emit Task": "'emit' task",
}


def scenarios() -> list[Any]:
    found = []
    for folder in ("ctk", "ctk-ows"):
        for path in sorted((SHARED / "dsl" / folder).glob("*.feature")):
            parsed: Any = Parser().parse(path.read_text().rstrip() + "\n")
            feature = parsed["feature"]
            for item in feature["children"]:
                scenario = item["scenario"]
                found.append(pytest.param(scenario, id=f"{folder}: {scenario['name']}"))
    return found or [pytest.param(None, id="kit")]


class Trace(Progress):
    """Remembers the order in which tasks ran, by name."""

    def __init__(self) -> None:
        super().__init__("ctk")
        self.order: list[str] = []

    def started(self, task: Any, scope: Any, at: float, given: Any) -> None:
        self.order.append(task.name)
        super().started(task, scope, at, given)


class Run:
    """What a scenario builds up and asks about."""

    def __init__(self, base: str) -> None:
        self.web, self.calls = offline_calls({"https://petstore.swagger.io": base, "https://httpbin.org": base})
        self.document = ""
        self.given: Any = None
        self.trace = Trace()
        self.output: Any = None
        self.fault: dict[str, Any] | None = None

    async def execute(self) -> None:
        value, _ = read_text(self.document)
        try:
            self.output = await run_document(value, self.given, InProcessRuntime(self.calls), self.trace)
        except Fault as error:
            self.fault = error.error

    def at(self, path: str) -> Any:
        value = self.output
        for key in path.split("."):
            assert key in value, f"{path} is not in {json.dumps(self.output)}"
            value = value[key]
        return value

    def check(self, text: str, body: Any) -> None:
        words = text.split()
        quoted = text.split("'")[1::2]
        if "should run" in text:
            self.check_order(words)
        elif text.startswith("the workflow should complete"):
            assert self.fault is None
            if "with output" in text:
                assert self.output == body
        elif text.startswith("the workflow should fault"):
            assert self.fault is not None
            if "with error" in text:
                assert self.fault == body
        elif "should have properties" in text:
            for path in quoted:
                self.at(path)
        elif "property with value" in text:
            assert self.at(quoted[0]) == body
        elif "property containing" in text:
            assert len(self.at(quoted[0])) == int(words[-2])
        else:
            pytest.fail(f"unknown step: {text}")

    def check_order(self, words: list[str]) -> None:
        name, relation, other = words[0], words[3], words[-1]
        order = self.trace.order
        if relation in ("first", "last"):
            assert order[0 if relation == "first" else -1] == name
        else:
            assert (order.index(name) < order.index(other)) is (relation == "before")


@pytest.mark.parametrize("scenario", scenarios())
async def test_the_conformance_kit_s_scenario(scenario: Any, http: HttpService) -> None:
    shared_data("dsl/ctk")
    http.answer = petstore
    run = Run(http.url)
    yaml = YAML(typ="safe", pure=True)
    for step in scenario["steps"]:
        text, body = step["text"], step.get("docString", {}).get("content")
        if text == "a workflow with definition:":
            run.document = body
        elif text.endswith("the workflow input is:"):
            run.given = yaml.load(body)
        elif text == "the workflow is executed":
            if scenario["name"] in NOT_YET:
                with pytest.raises(DocumentInvalidError, match=NOT_YET[scenario["name"]] + ".*not supported yet"):
                    await run.execute()
                break
            await run.execute()
        else:
            run.check(text, None if body is None else yaml.load(body))
    await run.web.close()
