"""The uploaded kinds about models, values and others: what each becomes, and what it does when it runs."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from runner_peer import HttpService
from runner_testing import offline_calls
from test_uploaded_tasks import DOCUMENT, SPEC, task, uploaded

from stigmer_api.dsl.definition import compile_value
from stigmer_api.dsl.normaliser import KINDS, SUPPORTED_KINDS
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_api.workflows.checking import check_spec
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document
from stigmer_workflow_runner.progress import Progress


class Order(Progress):
    """Remembers which tasks were completed."""

    def __init__(self) -> None:
        super().__init__("wex-1")
        self.done: list[str] = []

    def completed(self, task: Any, scope: Any, times: Any, values: Any) -> None:
        self.done.append(task.name)
        super().completed(task, scope, times, values)


async def run(*tasks: Any, given: Any = None, drain_every: Any = 0, observer: Any = None, **activities: Any) -> Any:
    runtime = InProcessRuntime(activities, drain_every=drain_every)
    return await run_document(uploaded(*tasks), given, runtime, observer)


async def error_of(*tasks: Any, given: Any = None, observer: Any = None, **activities: Any) -> Any:
    with pytest.raises(Fault) as found:
        await run(*tasks, given=given, observer=observer, **activities)
    return found.value.error


def problems_of(*tasks: Any) -> list[str]:
    """What the one judgement of specs says, each with its place."""
    verdict = check_spec(ParseDict({"document": DOCUMENT, "tasks": list(tasks)}, SPEC()))
    return [f"{problem.pointer}: {problem.message}" for problem in verdict.problems]


def note(name: str, **variables: str) -> Any:
    return task(name, "set_vars", {"variables": variables or {"at": name}})


def test_every_kind_runs() -> None:
    assert set(KINDS.values()) == SUPPORTED_KINDS


# --- transform -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"engine": "TRANSFORM_ENGINE_JQ", "expression": "[.[].name]"}, ["Ada", "Bob"]),
        ({"engine": "TRANSFORM_ENGINE_JQ", "expression": "${ length }"}, 2),
        ({"engine": "TRANSFORM_ENGINE_JQ", "expression": ".name", "input": "${ .[1] }"}, "Bob"),
        ({"engine": "TRANSFORM_ENGINE_TEMPLATE", "expression": "Hello {{ .[0].name }} and ${ .[1].name }: {{ {\"a\": \"}}\"} }}!"}, 'Hello Ada and Bob: {"a":"}}"}!'),
        ({"engine": "TRANSFORM_ENGINE_TEMPLATE", "expression": "plain \"text\" \\( 1"}, 'plain "text" \\( 1'),
    ],
)  # fmt: skip
async def test_transform_makes_a_value_by_its_engine(config: Any, expected: Any) -> None:
    assert await run(task("t", "transform", config), given=[{"name": "Ada"}, {"name": "Bob"}]) == expected


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"engine": "TRANSFORM_ENGINE_JSONATA", "expression": "name"}, "/tasks/0/task_config/engine: the engine TRANSFORM_ENGINE_JSONATA is not supported"),
        ({"engine": "TRANSFORM_ENGINE_TEMPLATE", "expression": "Hello {{ .name"}, "/tasks/0/task_config/expression: {{ without an expression and }}"),
        ({"engine": "TRANSFORM_ENGINE_JQ", "expression": "foo("}, "/tasks/0/task_config/expression: not a jq expression"),
    ],
)  # fmt: skip
def test_a_wrong_transform_is_told_at_its_place(config: Any, place: str) -> None:
    [problem] = problems_of(task("t", "transform", config))
    assert problem.startswith(place)


# --- validate ------------------------------------------------------------------------------------------------------

CHECK = {
    "input": "${ .order }",
    "schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
    "rules": [{"name": "has_items", "expression": ".items | length > 0", "message": "an order needs items"}],
}


async def test_validate_gives_its_judgement_with_the_value() -> None:
    order = {"id": "7", "items": [1]}
    assert await run(task("v", "validate", CHECK), given={"order": order}) == {
        "valid": True,
        "errors": [],
        "value": order,
    }


async def test_what_is_not_valid_is_an_error_of_the_dsl_that_names_everything() -> None:
    error = await error_of(task("v", "validate", CHECK), given={"order": {"id": 7}})
    assert (error["status"], error["instance"]) == (400, "/do/0/v")
    assert error["type"].endswith("/validation")
    assert "/id: 7 is not of type" in error["detail"]
    assert "an order needs items" in error["detail"]


@pytest.mark.parametrize(
    ("policy", "end"),
    [({"on_fail": "VALIDATION_FAIL_WARN"}, "next"), ({"on_fail": "VALIDATION_FAIL_BRANCH", "fallback_task": "mend"}, "mend")],
)  # fmt: skip
async def test_what_is_not_valid_may_go_on_or_branch(policy: Any, end: str) -> None:
    judged = task("v", "validate", {**CHECK, **policy})
    last = note("next", at="next", errors="${ .errors | length }")
    assert (await run(judged, {**last, "flow": {"then": "end"}}, note("mend"), given={"order": {}}))["at"] == end


def test_a_wrong_check_is_told_at_its_place() -> None:
    broken = {
        "input": "${ . }",
        "schema": {"type": "nothing"},
        "rules": [{"name": "r", "expression": "foo("}],
        "on_fail": "VALIDATION_FAIL_BRANCH",
        "fallback_task": "nowhere",
    }
    found = problems_of(task("v", "validate", broken))
    assert [item.split(": ")[0].removeprefix("/tasks/0/task_config/") for item in found] == [
        "fallback_task",
        "rules/0/expression",
        "schema",
    ]


# --- emit, signal, notification --------------------------------------------------------------------------------------


async def test_an_event_is_emitted_and_delivered_to_webhooks_and_executions(http: HttpService) -> None:
    web, calls = offline_calls()
    published, signals = [], []

    async def publish(argument: Any) -> Any:
        published.append(argument["event"])
        return {"listeners": 0}

    async def send_signal(argument: Any) -> None:
        signals.append(argument)

    emitting = task("tell", "emit_event", {
        "event": {"type": "order.paid", "source": "/shop", "subject": "7", "data": {"id": "${ .id }"}},
        "delivery": [{"webhook": {"url": f"{http.url}/hook", "headers": {"X-Key": "k"}}}, {"signal": {"execution_id": "wex-1", "signal_name": "paid"}}],
    })  # fmt: skip
    output = await run(emitting, given={"id": 7}, **{**calls, "publish_event": publish, "send_signal": send_signal})
    await web.close()
    assert (output["type"], output["source"], output["subject"], output["data"]) == (
        "order.paid",
        "/shop",
        "7",
        {"id": 7},
    )
    assert published == [output]
    [(verb, path, headers, body)] = http.requests
    assert (verb, path, headers["x-key"], headers["content-type"]) == (
        "POST",
        "/hook",
        "k",
        "application/cloudevents+json",
    )
    assert json.loads(body) == output
    assert (signals[0]["execution"], signals[0]["signal"], signals[0]["payload"]) == ("wex-1", "paid", output)


async def test_a_notification_goes_to_the_channel_s_address_and_never_tells_it(http: HttpService) -> None:
    web, calls = offline_calls(channels={"ops": f"{http.url}/secret-hook", "down": "http://127.0.0.1:1/secret-hook"})
    config = {
        "channel": "ops",
        "recipients": ["ada@example.com"],
        "subject": "Done",
        "body": '${ "Order \\(.id)" }',
        "metadata": {"k": "v"},
    }
    assert await run(task("n", "notification", config), given={"id": 7}, **calls) == {"id": 7}
    assert json.loads(http.requests[0][3]) == {
        "channel": "ops",
        "recipients": ["ada@example.com"],
        "subject": "Done",
        "body": "Order 7",
        "metadata": {"k": "v"},
    }
    unknown = await error_of(task("n", "notification", {**config, "channel": "mail"}), given={"id": 7}, **calls)
    assert "no notification channel 'mail'" in unknown["detail"]
    down = await error_of(task("n", "notification", {**config, "channel": "down"}), given={"id": 7}, **calls)
    assert (down["status"], "secret-hook" in json.dumps(down)) == (503, False)
    await web.close()


# --- models ----------------------------------------------------------------------------------------------------------


class Model:
    """Answers chat completions, in turn; the last answer again."""

    def __init__(self, http: HttpService, *answers: str) -> None:
        self.http, self.answers = http, list(answers)
        http.answer = self.answer

    async def answer(self, _verb: str, _path: str, _headers: Any, _body: bytes) -> tuple[int, Any]:
        text = self.answers[min(len(self.http.requests), len(self.answers)) - 1]
        usage = {"prompt_tokens": 10, "completion_tokens": 5}
        return 200, {
            "model": "gpt-5-1",
            "choices": [{"message": {"role": "assistant", "content": text}}],
            "usage": usage,
        }

    @property
    def asked(self) -> list[Any]:
        return [json.loads(body) for _, _, _, body in self.http.requests]


async def ask(http: HttpService, *tasks: Any, given: Any = None) -> Any:
    web, calls = offline_calls(llm_base_url=f"{http.url}/v1", llm_api_key="sk-secret")
    try:
        return await run(*tasks, given=given, **calls)
    finally:
        await web.close()


NAMES = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}


async def test_a_model_is_asked_with_everything_the_task_says(http: HttpService) -> None:
    model = Model(http, "Ada is short")
    config = {
        "model": "openai:gpt-5",
        "system_prompt": "Be brief",
        "prompt": '${ "Sum up \\(.text)" }',
        "temperature": 0.25,
        "max_tokens": 50,
        "timeout": 20,
    }
    assert await ask(http, task("m", "llm_call", config), given={"text": "Ada"}) == {
        "text": "Ada is short",
        "model": "gpt-5-1",
        "usage": {"inputTokens": 10, "outputTokens": 5, "attempts": 1},
    }
    assert model.asked == [{
        "model": "gpt-5",
        "messages": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Sum up Ada"}],
        "temperature": 0.25,
        "max_tokens": 50,
    }]  # fmt: skip
    _, path, headers, _ = http.requests[0]
    assert (path, headers["authorization"]) == ("/v1/chat/completions", "Bearer sk-secret")


async def test_an_answer_that_breaks_its_schema_is_asked_for_again_in_the_same_conversation(http: HttpService) -> None:
    model = Model(http, "no JSON", '{"nome": "Ada"}', '```json\n{"name": "Ada"}\n```')
    config = {
        "model": "openai:gpt-5",
        "prompt": "Who?",
        "response_schema": NAMES,
        "on_invalid": "ON_INVALID_RETRY",
        "max_retries": 3,
    }
    output = await ask(http, task("m", "llm_call", config))
    assert (output["structured"], output["usage"]) == (
        {"name": "Ada"},
        {"inputTokens": 30, "outputTokens": 15, "attempts": 3},
    )
    assert model.asked[0]["response_format"]["json_schema"]["schema"] == NAMES
    assert [message["role"] for message in model.asked[2]["messages"]] == [
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert '"name" is a required property' in model.asked[2]["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("policy", "detail"),
    [({}, "breaks the contract: the answer is no JSON"), ({"on_invalid": "ON_INVALID_RETRY", "max_retries": 1, "max_total_tokens": 20}, "used 30 tokens, more than maxTotalTokens (20)")],
)  # fmt: skip
async def test_an_answer_that_stays_wrong_or_costs_too_much_is_an_error(
    http: HttpService, policy: Any, detail: str
) -> None:
    Model(http, "no JSON")
    config = {"model": "openai:gpt-5", "prompt": "Who?", "response_schema": NAMES, **policy}
    with pytest.raises(Fault, match=detail.replace("(", r"\(").replace(")", r"\)")):
        await ask(http, task("m", "llm_call", config))


async def test_an_answer_that_stays_wrong_may_lead_to_another_task(http: HttpService) -> None:
    Model(http, "no JSON")
    config = {
        "model": "openai:gpt-5",
        "prompt": "Who?",
        "response_schema": NAMES,
        "on_invalid": "ON_INVALID_FALLBACK",
        "fallback_task": "other",
    }
    output = await ask(http, task("m", "llm_call", config), note("never"), note("other", said="${ .text }"))
    assert output == {"said": "no JSON"}


async def test_a_model_without_an_address_or_with_a_wrong_key_is_told_without_the_key(http: HttpService) -> None:
    web, calls = offline_calls()
    error = await error_of(task("m", "llm_call", {"model": "acme:x", "prompt": "p"}), **calls)
    await web.close()
    assert "STIGMER_LLM_BASE_URL" in error["detail"]

    async def refuse(*_: Any) -> tuple[int, Any]:
        return 401, {"error": "bad key sk-secret"}

    http.answer = refuse
    with pytest.raises(Fault) as found:
        await ask(http, task("m", "llm_call", {"model": "openai:x", "prompt": "p"}))
    assert found.value.error["status"] == 401
    assert "sk-secret" not in json.dumps(found.value.error)


@pytest.mark.parametrize(
    ("config", "answer", "expected"),
    [
        ({}, {"passed": True, "reasoning": "fine"}, (True, 1.0)),
        ({"scoring_mode": "EVAL_NUMERIC_SCORE", "threshold": 0.8, "on_fail": "EVAL_FAIL_WARN"}, {"score": 0.7, "reasoning": "meh"}, (False, 0.7)),
        (
            {"scoring_mode": "EVAL_MULTI_CRITERIA", "threshold": 0.5, "criteria": [{"name": "tone", "description": "polite", "weight": 3.0}, {"name": "facts", "description": "true", "weight": 1.0}]},
            {"criteria": {"tone": 1, "facts": 0}, "reasoning": "polite"}, (True, 0.75),
        ),
    ],
    ids=["pass-fail", "numeric", "criteria"],
)  # fmt: skip
async def test_a_model_judges_by_the_rubric(http: HttpService, config: Any, answer: Any, expected: Any) -> None:
    model = Model(http, json.dumps(answer))
    base = {"model": "openai:gpt-5", "subject": "${ .answer }", "rubric": "Is it polite?"}
    output = await ask(http, task("j", "eval", {**base, **config}), given={"answer": "Dear Ada"})
    assert (output["passed"], output["score"], output["reasoning"]) == (*expected, answer["reasoning"])
    assert json.loads(model.asked[0]["messages"][1]["content"])["subject"] == "Dear Ada"


async def test_a_judgement_that_is_no_fails_the_task_or_branches(http: HttpService) -> None:
    Model(http, '{"passed": false, "reasoning": "rude"}')
    base = {"model": "openai:gpt-5", "subject": "x", "rubric": "Is it polite?"}
    with pytest.raises(Fault, match=r"the judgement is no .*rude"):
        await ask(http, task("j", "eval", base))
    branch = {**base, "on_fail": "EVAL_FAIL_BRANCH", "fallback_task": "other"}
    assert await ask(http, task("j", "eval", branch), note("never"), note("other")) == {"at": "other"}


# --- agents ------------------------------------------------------------------------------------------------------------


async def test_an_agent_that_breaks_its_contract_is_asked_again_in_its_session() -> None:
    started: list[Any] = []
    texts = ["no JSON", '{"name": "Ada"}']

    async def start(argument: Any) -> Any:
        started.append(argument)
        return {"id": f"aex-{len(started)}"}

    async def read(argument: Any) -> Any:
        text = texts[len(started) - 1]
        output = {"text": text, "executionId": argument["id"], "sessionId": "ses-1"}
        return {"id": argument["id"], "phase": "COMPLETED", "terminal": True, "error": "", "output": output}

    config = {
        "agent": "greeter", "message": "Who?", "env": {"TONE": "${ .tone }"}, "run_config": {"model_name": "openai:gpt-5"},
        "output": {"schema": NAMES, "on_invalid": "ON_INVALID_RETRY", "max_retries": 2},
    }  # fmt: skip
    output = await run(task("a", "agent_call", config), given={"tone": "kind"}, start_child=start, read_child=read)
    assert output == {
        "text": texts[1],
        "executionId": "aex-2",
        "sessionId": "ses-1",
        "structuredOutput": {"name": "Ada"},
    }
    assert [one["session"] for one in started] == ["", "ses-1"]
    assert started[0]["options"] == {"env": {"TONE": "kind"}, "config": {"model_name": "openai:gpt-5"}}
    assert started[0]["key"] != started[1]["key"]
    assert "fits this schema" in started[0]["message"]
    assert "no JSON" in started[1]["message"]


# --- for_each ------------------------------------------------------------------------------------------------------------

RISKY = task(
    "check",
    "switch_case",
    {"cases": [{"name": "bad", "when": "${ $n == 2 }", "then": "fail"}, {"name": "ok", "then": "keep"}]},
)
FAIL = task("fail", "raise_error", {"error": "runtime", "message": "two"})
KEEP = task("keep", "transform", {"engine": "TRANSFORM_ENGINE_JQ", "expression": "$n * 10"})


def loop(**more: Any) -> Any:
    return task("loop", "for_each", {"each": "n", "in": "${ .list }", "do": [RISKY, FAIL, KEEP], **more})


@pytest.mark.parametrize("drain_every", [0, 4])
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"on_error": "FOR_EACH_SKIP"}, [10, 30]),
        ({"on_error": "FOR_EACH_SKIP", "max_parallelism": 2, "batch_size": 2}, [10, 30]),
        ({"on_error": "FOR_EACH_CONTINUE", "max_parallelism": 3}, [10, "two", 30]),
    ],
)  # fmt: skip
async def test_a_loop_goes_on_after_errors_with_its_results_in_order(
    more: Any, expected: Any, drain_every: int
) -> None:
    output = await run(loop(**more), given={"list": [1, 2, 3]}, drain_every=drain_every)
    assert [item if isinstance(item, int) else item["error"]["detail"] for item in output] == expected


async def test_a_parallel_loop_that_fails_fast_fails_with_the_iteration_s_error() -> None:
    error = await error_of(loop(max_parallelism=2), given={"list": [1, 2, 3]})
    assert (error["detail"], error["instance"]) == ("two", "/do/0/loop/do/1/fail")


@pytest.mark.parametrize("most", [1, 3, 7])
async def test_a_parallel_loop_runs_no_more_than_so_many_at_a_time(most: int) -> None:
    running, highest = 0, 0

    async def http(request: Any) -> Any:
        nonlocal running, highest
        running += 1
        highest = max(highest, running)
        for _ in range(5):
            await asyncio.sleep(0)
        running -= 1
        return request["uri"]

    call = task("get", "http_call", {"method": "GET", "endpoint": {"uri": '${ "http://x/\\($n)" }'}})
    many = task(
        "loop",
        "for_each",
        {"each": "n", "in": "${ [range(20)] }", "do": [call], "max_parallelism": most, "on_error": "FOR_EACH_SKIP"},
    )
    output = await run(many, http=http)
    assert output == [f"http://x/{n}" for n in range(20)]
    assert highest == most


# --- compensation ----------------------------------------------------------------------------------------------------------


def step(name: str, **more: Any) -> Any:
    undo = task(f"undo_{name}", "set_vars", {"variables": {"undone": "${ .at }"}})
    return {**note(name), "compensate": [undo], **more}


BROKEN = task("broken", "raise_error", {"error": "runtime", "message": "no luck"})


@pytest.mark.parametrize("drain_every", [0, 6])
async def test_what_was_done_is_undone_in_reverse_when_the_workflow_fails(drain_every: int) -> None:
    order = Order()
    with pytest.raises(Fault) as found:
        await run(
            step("one"), note("plain"), step("two"), BROKEN, step("three"), observer=order, drain_every=drain_every
        )
    assert order.done == ["one", "plain", "two", "undo_two", "undo_one"]
    assert found.value.error["detail"] == "no luck"
    assert found.value.error["instance"].endswith("/broken")


async def test_nothing_is_undone_when_all_goes_well() -> None:
    order = Order()
    assert await run(step("one"), step("two"), observer=order) == {"at": "two"}
    assert not [name for name in order.done if name.startswith("undo")]


async def test_a_try_that_compensates_undoes_before_its_catch_and_the_workflow_goes_on() -> None:
    order = Order()
    saga = task(
        "saga",
        "try_catch",
        {
            "try": [step("one"), step("two"), BROKEN],
            "catch": {"as": "e", "do": [note("told", why="${ $e.detail }")], "compensate": True},
        },
    )
    assert await run(saga, note("after"), observer=order) == {"at": "after"}
    assert order.done == ["one", "two", "undo_two", "undo_one", "told", "saga", "after"]


@pytest.mark.parametrize(
    ("tasks", "place"),
    [
        ([task("t", "try_catch", {"try": [step("one")], "catch": {"do": [note("x")]}})], "/tasks/0/task_config/try/0/compensate: compensation works among"),
        ([task("l", "for_each", {"each": "n", "in": ".l", "do": [step("one")]})], "/tasks/0/task_config/do/0/compensate: compensation works among"),
        ([step("one", flow={"then": "last"}), note("x"), note("last")], "/tasks/0: a list of tasks with compensation has no jumps by name: 'last'"),
        ([{**note("one"), "compensate": [task("t", "transform", {"engine": "TRANSFORM_ENGINE_JQ", "expression": "foo("})]}], "/tasks/0/compensate/0/task_config/expression: not a jq"),
    ],
    ids=["try without", "loop", "jump", "inside"],
)  # fmt: skip
def test_a_compensation_that_could_not_keep_its_word_is_refused(tasks: Any, place: str) -> None:
    assert problems_of(*tasks)[0].startswith(place)


# --- grpc --------------------------------------------------------------------------------------------------------------------


def test_a_grpc_call_names_host_port_and_service_in_one() -> None:
    given = task("g", "grpc_call", {"service": "localhost:50051/shop.Catalog", "method": "Get", "request": {"id": "7"}})
    [body] = uploaded(given)["do"][0].values()
    assert body["with"] == {
        "service": {"name": "shop.Catalog", "host": "localhost", "port": 50051},
        "method": "Get",
        "arguments": {"id": "7"},
    }
    compile_value(uploaded(given))
    with pytest.raises(DocumentInvalidError, match=r"must be host:port/package\.Service"):
        uploaded(task("g", "grpc_call", {"service": "shop.Catalog", "method": "Get"}))


# --- human_input ---------------------------------------------------------------------------------------------------


async def test_an_uploaded_question_tells_its_channels_and_escalates_to_them() -> None:
    told: list[Any] = []

    async def post(argument: Any) -> None:
        told.append((argument["channel"], argument["metadata"]["reason"], argument["body"]))

    config = {
        "prompt": "Go?",
        "timeout": 60,
        "on_timeout": "HUMAN_INPUT_TIMEOUT_ESCALATE",
        "notification_channels": ["ops"],
    }
    error = await error_of(task("ask", "human_input", config), notify=post)
    assert error["type"].endswith("/timeout")
    assert told == [("ops", "asked", "Go?"), ("ops", "escalated", "Go?")]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"timeout": 60, "on_timeout": "HUMAN_INPUT_TIMEOUT_ESCALATE"}, "escalate needs 'channels'"),
        ({"notification_channels": ["ops"], "on_timeout": "HUMAN_INPUT_TIMEOUT_ESCALATE"}, "escalate needs 'timeout'"),
    ],
)
def test_an_escalation_needs_a_time_and_somebody_to_tell(more: Any, why: str) -> None:
    [problem] = problems_of(task("ask", "human_input", {"prompt": "Go?", **more}))
    assert problem.startswith(f"/tasks/0/task_config/on_timeout: {why}")
