"""Every example of the specification, unmodified: it runs here with an asserted outcome, or the table says where or why not.

Services are answered by one function, time is virtual, events arrive when the table says.
"""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from runner_testing import offline_calls, shared_data

from stigmer_api.dsl.expressions import Meter
from stigmer_api.dsl.loader import load_text
from stigmer_api.dsl.schedule import compile_trigger, schedule_of
from stigmer_workflow_runner.correlating import Correlator, EventJudge
from stigmer_workflow_runner.errors import Fault, fault
from stigmer_workflow_runner.inbox import event_of
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document

VITALS = "com.fake-hospital.vitals.measurements"
HOT = {"type": f"{VITALS}.temperature", "data": {"temperature": 39}}
WELL = {"type": f"{VITALS}.temperature", "data": {"temperature": 37}}
FAST = {"type": f"{VITALS}.bpm", "data": {"bpm": 130}}
OUT = {"type": "com.fake-hospital.patient.checked-out", "data": {}}
ROOM = [
    {"source": "https://my.home.com/sensor", "type": f"my.home.sensors.{name}", "roomid": "r1", "data": {name: 1}}
    for name in ("temperature", "humidity")
]
PATIENT = {"patient": {"fullName": "Ada"}, "room": {"number": 7}}


@dataclass(frozen=True)
class Run:
    """One example: its input, what the services answer, the events that arrive, and what comes out."""

    given: Any = None
    answers: tuple[Any, ...] = ()
    events: tuple[dict[str, Any], ...] = ()
    output: Any = None
    error: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    asked: tuple[str, ...] = ()


NOT_FOUND = fault("communication", "no such pet", status=404)
AWAY = fault("communication", "come back later", status=503)
REX = {"id": 1, "name": "Rex"}

RUNS = {
    "conditional-task": Run({"customer": {"age": 17}}, error={"status": 400, "title": "Access Forbidden"}),
    "do-multiple": Run({"petId": 1}, (REX, "sold"), output="sold", asked=("GET /v2/pet/1", "PUT /v2/pet/")),
    "emit": Run(output={"client": {"firstName": "Cruella", "lastName": "de Vil"}, "items": [{"breed": "dalmatian", "quantity": 101}]}),
    "for": Run({"pets": [{"id": 1}], "vet": "Eve"}, events=({"type": "com.fake.petclinic.pets.checkup.completed.v2", "data": {}},), error={"status": 400}),
    "for-inline-array": Run({}, output={"processed": [{"name": "red", "hex": "#FF0000"}, {"name": "green", "hex": "#00FF00"}, {"name": "blue", "hex": "#0000FF"}]}),
    "fork": Run(PATIENT, ("nurse", "doctor"), output="nurse"),
    "listen-to-all": Run(events=(WELL, HOT, FAST), output=[HOT["data"], FAST["data"]]),
    "listen-to-all read-envelope": Run(events=(HOT, FAST), output=[HOT["type"], FAST["type"]]),
    "listen-to-any": Run(events=(WELL,), output=[WELL["data"]]),
    "listen-to-any-filter": Run(events=(WELL, FAST), output=[FAST["data"]]),
    "listen-to-any-until-condition": Run(events=(WELL, HOT, FAST, OUT), output=[e["data"] for e in (WELL, HOT, FAST, OUT)]),
    "listen-to-any-until-consumed": Run(events=(HOT, WELL, OUT, FAST), output=[HOT["data"]]),
    "listen-to-one": Run({"carId": 1}, ("vroom",), ({"type": "com.virtual-wf-powered-race.events.race.started.v1", "data": {}},), output="vroom"),
    "raise-inline": Run(error={"type": "https://serverlessworkflow.io/errors/not-implemented", "status": 500, "instance": "/do/0/notImplemented"}),
    "raise-reusable": Run(error={"type": "https://serverlessworkflow.io/errors/not-implemented", "status": 500, "instance": "/do/0/notImplemented"}),
    "run-shell-stdin-and-arguments": Run(output="STDIN was: Hello World\nARGS are Foo Bar\n"),
    "run-script-with-stdin-and-arguments": Run(output="stdin >  Hello Workflow\narg >  hello\nenv >  bar\n"),
    "run-subflow": Run({"user": "Ada"}, output={"registered": {"customer": ".user"}}),
    "schedule-cron": Run(answers=("backed up",), output="backed up"),
    "switch-then-string": Run({"orderType": "physical"}, output={"inventory": "clear", "items": 1, "address": "Elmer St"}),
    "mock-service-extension": Run(answers=("not mocked",), output="not mocked"),
    "try-catch": Run({"petId": 1}, (NOT_FOUND,), output={"petId": 1}),
    "try-catch-retry-inline": Run({"petId": 1}, (AWAY, AWAY, REX), output=REX, seconds=9),
    "try-catch-retry-reusable": Run({"petId": 1}, (AWAY,) * 6, error={"status": 503}, seconds=93),
    "try-catch-then": Run({"petId": 1}, (NOT_FOUND,), output={"error": "$error"}),
    "try-catch-then-directive": Run(None, (AWAY,), output={"status": "failed"}),
    "wait-duration-inline": Run({"x": 1}, output={"x": 1}, seconds=30),
    "wait-duration-iso8601": Run({"x": 1}, output={"x": 1}, seconds=30),
}  # fmt: skip

WITH_SERVICES = [
    "accumulate-room-readings",
    "authentication-bearer",
    "authentication-bearer-uri-format",
    "authentication-oauth2",
    "authentication-oidc",
    "authentication-reusable",
    "authentication-oauth2-secret",
    "authentication-oidc-secret",
    "call-asyncapi-publish",
    "call-asyncapi-subscribe-consume-amount",
    "call-asyncapi-subscribe-consume-forever-foreach",
    "call-asyncapi-subscribe-consume-until",
    "call-asyncapi-subscribe-consume-while",
    "call-custom-function-cataloged",
    "call-custom-function-inline",
    "call-grpc",
    "call-http-endpoint-interpolation",
    "call-http-endpoint-interpolation-shorthand",
    "call-http-query-headers-expressions",
    "call-http-query-parameters",
    "call-http-redirect",
    "call-mcp",
    "call-openapi",
    "call-openapi-redirect",
    "do-single",
    "listen-to-any-forever-foreach",
    "star-wars-homeworld",
]
"""They run in `test_call_examples.py`, against stand-ins of their services."""

CONTAINERS = [
    "run-container",
    "run-container-cleanup-always",
    "run-container-cleanup-eventually",
    "run-container-stdin-and-arguments",
    "run-container-with-name",
    "run-container-with-pull-policy",
    "run-return-all",
    "run-return-code",
    "run-return-none",
    "run-return-stderr",
]
"""They need docker or podman: without one the run ends with an error that says so."""

HEARTBEAT = {"patient": {"id": 7, "name": "Ada", "room": {"number": 12}, "vitals": {"bpm": 31}}, "timestamp": "now"}
TRIGGERED = {
    "schedule-event-driven": ("com.example.hospital.events.patients.heartbeat.low", {"data": HEARTBEAT}, "notified"),
    "set": ("io.serverlessworkflow.samples.events.trigger.v1", {"n": 1}, {"startEvent": {"n": 1}}),
    "set-expression": ("io.serverlessworkflow.samples.events.trigger.v1", {"n": 1}, {"n": 1}),
}
"""They start by an event: its type, its data, and what comes out."""


class Services:
    """Answers calls in their order; starts and ends child workflows at once."""

    def __init__(self, run: Run) -> None:
        self._answers = list(run.answers)
        self.asked: list[str] = []
        self._child: dict[str, Any] = {}

    async def http(self, argument: dict[str, Any]) -> Any:
        self.asked.append(f"{argument['method']} {argument['uri'].partition('.io')[2]}")
        answer = self._answers.pop(0)
        if isinstance(answer, Fault):
            raise Fault(answer.error)
        return answer

    async def start_child(self, argument: dict[str, Any]) -> Any:
        self._child = argument
        return {"id": "wex-1"}

    async def read_child(self, _argument: dict[str, Any]) -> Any:
        return {"terminal": True, "phase": "COMPLETED", "error": "", "output": {"registered": self._child["input"]}}


def document(name: str) -> Any:
    return load_text((shared_data("dsl/examples") / f"{name}.yaml").read_text()).value


def test_the_table_has_every_example() -> None:
    names = {path.stem for path in shared_data("dsl/examples").glob("*.yaml")}
    assert names == {*RUNS, *WITH_SERVICES, *CONTAINERS, *TRIGGERED}


@pytest.mark.parametrize("name", sorted(RUNS))
async def test_an_example_runs_as_it_is_to_its_outcome(name: Any) -> None:
    run = RUNS[name]
    services = Services(run)
    web, calls = offline_calls()
    calls |= {"http": services.http, "start_child": services.start_child, "read_child": services.read_child}
    runtime = InProcessRuntime(calls)
    for number, event in enumerate(run.events):
        key = f"e{number}"
        found = event_of(f"event/{key}", "", {"id": key, "source": "tests", "specversion": "1.0", **event}, "")
        runtime.later(number + 1, partial(runtime.inbox.put, key, found))
    began = runtime.now()
    try:
        output, error = await run_document(document(name), run.given, runtime), {}
    except Fault as fault_found:
        output, error = None, fault_found.error
    finally:
        await web.close()
    assert {key: error.get(key) for key in run.error} == run.error, error
    assert bool(run.error) == bool(error), error
    if name == "emit":
        output = output["data"]
    if name == "listen-to-all read-envelope":
        output = [event["type"] for event in output]
    assert output == run.output
    if run.seconds is not None:
        assert runtime.now() - began == run.seconds
    assert tuple(services.asked) == run.asked or not run.asked


@pytest.mark.parametrize("name", CONTAINERS)
async def test_an_example_with_a_container_says_what_is_missing(name: Any) -> None:
    web, calls = offline_calls(run_container_command="no-such-command")
    try:
        with pytest.raises(Fault, match="there is no no-such-command on this runner to run containers with"):
            await run_document(document(name), {"message": "x"}, InProcessRuntime(calls))
    finally:
        await web.close()


@pytest.mark.parametrize("name", TRIGGERED)
async def test_an_example_that_starts_by_an_event_runs_with_what_the_event_says(name: Any) -> None:
    kind, data, output = TRIGGERED[name]
    value = document(name)
    schedule = schedule_of(value)
    assert schedule is not None
    assert schedule.trigger is not None
    correlator, judge = Correlator(compile_trigger(schedule.trigger)), EventJudge(0.0, Meter())
    other, event = ({"specversion": "1.0", "id": "e", "source": "s", "type": t, "data": data} for t in ("x", kind))
    assert correlator.offer("1", other, judge) is None
    complete = correlator.offer("2", event, judge)
    assert complete is not None
    sent: list[Any] = []

    async def notify(argument: dict[str, Any]) -> Any:
        sent.append(argument["body"])
        return "notified"

    assert await run_document(value, complete["input"], InProcessRuntime({"http": notify})) == output
    assert sent == [] or (sent[0]["patientName"], sent[0]["vitals"]["heartRate"]) == ("Ada", 31)
