"""Every task type and every step of the data flow, in process and on a virtual clock."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from runner_documents import HEAD

from stigmer_api.dsl.definition import read_text
from stigmer_workflow_runner.entries import LOOP_SLOTS
from stigmer_workflow_runner.errors import Fault, fault
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document
from stigmer_workflow_runner.progress import Progress


class Seen(Progress):
    """A progress that remembers the order in which tasks began."""

    def __init__(self) -> None:
        super().__init__("wex-1")
        self.order: list[str] = []

    def started(self, task: Any, scope: Any, at: Any, given: Any) -> None:
        self.order.append(task.name)
        super().started(task, scope, at, given)


async def run(text: Any, given: Any = None, runtime: Any = None, observer: Any = None, head: Any = HEAD) -> Any:
    value, _ = read_text(head + text)
    return await run_document(value, given, runtime, observer)


async def error_of(text: Any, given: Any = None, runtime: Any = None) -> Any:
    with pytest.raises(Fault) as found:
        await run(text, given, runtime)
    return found.value.error


BASE = "https://serverlessworkflow.io/spec/1.0.0/errors/"

# --- set, do, flow ---------------------------------------------------------------------------------------------


async def test_set_gives_a_value_and_evaluates_only_wrapped_text() -> None:
    text = "do: [{s: {set: {a: '${ .n + 1 }', b: '.n', c: {d: ['${ .n }', true, null]}}}}]"
    assert await run(text, {"n": 1}) == {"a": 2, "b": ".n", "c": {"d": [1, True, None]}}
    assert await run("do: [{s: {set: '${ .n }'}}]", {"n": [1]}) == [1]


async def test_a_result_is_never_evaluated_again() -> None:
    assert await run("do: [{s: {set: '${ .evil }'}}, {t: {set: {x: '${ . }'}}}]", {"evil": "${ 1 + 1 }"}) == {
        "x": "${ 1 + 1 }"
    }


async def test_absent_input_is_null() -> None:
    assert await run("do: [{s: {set: {list: '${ .list + [1] }'}}}]") == {"list": [1]}


async def test_a_nested_list_gives_its_last_output() -> None:
    text = "do: [{outer: {do: [{a: {set: {n: '${ .n + 1 }'}}}, {b: {set: {n: '${ .n * 10 }'}}}]}}]"
    assert await run(text, {"n": 1}) == {"n": 20}


@pytest.mark.parametrize(
    ("then", "expected"),
    [("continue", ["a", "b", "c"]), ("exit", ["a"]), ("end", ["a"]), ("c", ["a", "c"])],
)
async def test_then_says_what_comes_next(then: Any, expected: Any) -> None:
    seen = Seen()
    await run(f"do: [{{a: {{set: {{}}, then: {then}}}}}, {{b: {{set: {{}}}}}}, {{c: {{set: {{}}}}}}]", observer=seen)
    assert seen.order == expected


async def test_exit_leaves_the_inner_list_and_end_leaves_the_workflow() -> None:
    inner = "do: [{{outer: {{do: [{{a: {{set: {{x: 1}}, then: {then}}}}}, {{b: {{set: {{}}}}}}]}}}}, {{c: {{set: {{c: '${{ .x }}'}}}}}}]"
    assert await run(inner.format(then="exit")) == {"c": 1}
    assert await run(inner.format(then="end")) == {"x": 1}


async def test_then_may_jump_back() -> None:
    text = """
do:
  - count: {set: {n: '${ .n + 1 }'}}
  - again: {switch: [{more: {when: .n < 5, then: count}}]}
  - done: {set: {n: '${ .n }', done: true}}
"""
    assert await run(text, {"n": 0}) == {"n": 5, "done": True}


# --- switch ----------------------------------------------------------------------------------------------------

SWITCH = """
do:
  - choose: {switch: [{other: {then: fallback}}, {big: {when: '.n > 10', then: big}}, {neg: {when: '${ .n < 0 }', then: end}}]}
  - small: {set: {is: small}, then: end}
  - big: {set: {is: big}, then: end}
  - fallback: {set: {is: fallback}}
"""


@pytest.mark.parametrize(("n", "expected"), [(11, {"is": "big"}), (-1, {"n": -1}), (5, {"is": "fallback"})])
async def test_switch_takes_the_first_true_case_and_the_default_last(n: Any, expected: Any) -> None:
    assert await run(SWITCH, {"n": n}) == expected


async def test_a_switch_without_a_match_follows_its_own_then() -> None:
    text = "do: [{s: {switch: [{x: {when: 'false', then: end}}], then: b}}, {a: {set: {a: 1}}}, {b: {set: {b: '${ .n }'}}}]"
    assert await run(text, {"n": 1}) == {"b": 1}


# --- for -------------------------------------------------------------------------------------------------------


async def test_for_gives_each_iteration_the_output_of_the_one_before() -> None:
    text = "do: [{l: {for: {each: c, in: .cs, at: i}, do: [{m: {set: {cs: '${ .cs }', out: '${ .out + [\"\\($i)\\($c)\"] }'}}}]}}]"
    assert (await run(text, {"cs": ["r", "g"]}))["out"] == ["0r", "1g"]


async def test_for_without_items_gives_its_input_and_while_ends_it_early() -> None:
    text = "do: [{l: {for: {in: .items}, while: '$item < 3', do: [{m: {set: {items: '${ .items }', last: '${ $item }'}}}]}}]"
    assert await run(text, {"items": []}) == {"items": []}
    assert await run(text, {"items": [1, 2, 3, 1]}) == {"items": [1, 2, 3, 1], "last": 2}


async def test_exit_in_a_loop_goes_on_with_the_next_item_and_end_ends_the_workflow() -> None:
    text = "do: [{{l: {{for: {{in: '[1,2]'}}, do: [{{a: {{set: {{n: '${{ $item }}'}}, then: {then}}}}}, {{b: {{set: {{}}}}}}]}}}}, {{z: {{set: {{z: '${{ .n }}'}}}}}}]"
    assert await run(text.format(then="exit")) == {"z": 2}
    assert await run(text.format(then="end")) == {"n": 1}


@pytest.mark.parametrize("value", [None, {"a": 1}, 3, "abc"])
async def test_for_over_anything_but_a_list_is_an_expression_error(value: Any) -> None:
    error = await error_of("do: [{l: {for: {in: .x}, do: [{m: {set: {}}}]}}]", {"x": value})
    assert (error["type"], error["status"], error["instance"]) == (BASE + "expression", 400, "/do/0/l")


# --- wait ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [("{minutes: 1, seconds: 5}", 65), ("PT2H", 7200), ("'${ .d }'", 3), ("{seconds: '${ .n }'}", 4), ("{until: '2023-11-14T22:13:30Z'}", 10), ("{until: '${ .at }'}", 10)],
)  # fmt: skip
async def test_wait_takes_its_time_and_gives_its_input(wait: Any, seconds: Any) -> None:
    runtime = InProcessRuntime(start=1_700_000_000.0)
    given = {"d": {"seconds": 3}, "n": 4, "at": 1_700_000_010}
    assert await run(f"do: [{{w: {{wait: {wait}}}}}]", given, runtime) == given
    assert runtime.now() == 1_700_000_000.0 + seconds


async def test_a_duration_that_is_none_is_an_expression_error() -> None:
    assert (await error_of("do: [{w: {wait: '${ .d }'}}]", {"d": "soon"}))["type"] == BASE + "expression"


# --- raise, try ------------------------------------------------------------------------------------------------


async def test_raise_gives_exactly_the_error_with_its_place() -> None:
    text = "do: [{d: {do: [{r: {raise: {error: {type: 'https://x/y', status: 418, title: '${ .t }'}}}}]}}]"
    assert await error_of(text, {"t": "T"}) == {
        "type": "https://x/y", "status": 418, "title": "T", "instance": "/do/0/d/do/0/r",
    }  # fmt: skip


async def test_named_errors_and_retries_and_timeouts_come_from_use() -> None:
    text = """
use:
  errors: {busy: {type: 'https://x/busy', status: 503, title: Busy}}
  retries: {twice: {delay: {seconds: 1}, limit: {attempt: {count: 2}}}}
  timeouts: {short: {after: PT1M}}
timeout: short
do:
  - t: {try: [{r: {raise: {error: busy}}}], catch: {retry: twice}, timeout: short}
"""
    runtime = InProcessRuntime()
    assert (await error_of(text, runtime=runtime))["type"] == "https://x/busy"
    assert runtime.sleeps == [1, 1]


def catching(
    catch: Any, body: Any = "raise: {error: {type: 'https://x/y', status: 503, title: T, detail: '${ .d }'}}"
) -> Any:
    return f"do: [{{t: {{try: [{{r: {{{body}}}}}], catch: {catch}}}}}, {{after: {{set: '${{ . }}'}}}}]"


async def test_catch_runs_its_tasks_with_the_error_on_the_input_of_the_try() -> None:
    text = catching("{as: e, do: [{h: {set: {d: '${ .d }', error: '${ $e }'}}}]}")
    assert await run(text, {"d": "why"}) == {
        "d": "why",
        "error": {"type": "https://x/y", "status": 503, "title": "T", "detail": "why", "instance": "/do/0/t/try/0/r"},
    }


async def test_an_error_that_is_caught_without_tasks_gives_the_input() -> None:
    assert await run(catching("{}"), {"d": 1}) == {"d": 1}


@pytest.mark.parametrize(
    "catch",
    [
        "{errors: {with: {status: 500}}}",
        "{errors: {with: {type: 'https://x/other'}}}",
        "{errors: {with: {instance: /do/0/other}}}",
        "{when: '$error.status == 500'}",
        "{exceptWhen: '$error.status == 503'}",
    ],
)
async def test_an_error_that_the_filter_does_not_match_goes_on(catch: Any) -> None:
    assert (await error_of(catching(catch), {"d": "x"}))["instance"] == "/do/0/t/try/0/r"


@pytest.mark.parametrize(
    "uri",
    [
        "https://serverlessworkflow.io/dsl/errors/types/runtime",
        "https://serverlessworkflow.io.io/dsl/errors/types/runtime",
        "https://open-workflow-specification.org/spec/1.0.0/errors/runtime",
        "command",
        "*",
    ],
)
async def test_standard_error_types_match_however_they_are_written(uri: Any) -> None:
    body = "raise: {error: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/runtime', status: 500}}"
    assert await run(catching(f"{{errors: {{with: {{type: '{uri}'}}}}, do: [{{h: {{set: {{ok: 1}}}}}}]}}", body)) == {
        "ok": 1
    }


@pytest.mark.parametrize(
    ("policy", "sleeps"),
    [
        ("{delay: {seconds: 2}, limit: {attempt: {count: 3}}}", [2, 2, 2]),
        ("{delay: {seconds: 2}, backoff: {linear: {}}, limit: {attempt: {count: 3}}}", [2, 4, 6]),
        ("{delay: {seconds: 2}, backoff: {exponential: {}}, limit: {attempt: {count: 4}}}", [2, 4, 8, 16]),
        ("{delay: {seconds: 2}, backoff: {exponential: {}}, limit: {duration: {seconds: 10}}}", [2, 4]),
        ("{delay: {seconds: 1}, limit: {attempt: {count: 0}}}", []),
        ("{delay: {seconds: 1}, when: '$error.status == 500', limit: {attempt: {count: 3}}}", []),
        ("{delay: {seconds: 1}, exceptWhen: '$error.status == 503', limit: {attempt: {count: 3}}}", []),
    ],
)
async def test_retries_wait_as_their_backoff_says_and_end_with_the_error(policy: Any, sleeps: Any) -> None:
    runtime = InProcessRuntime()
    error = await error_of(catching(f"{{retry: {policy}}}"), {"d": "x"}, runtime)
    assert (error["status"], runtime.sleeps) == (503, sleeps)


async def test_jitter_stays_between_its_bounds() -> None:
    runtime = InProcessRuntime()
    policy = "{delay: {seconds: 1}, jitter: {from: {seconds: 1}, to: {seconds: 3}}, limit: {attempt: {count: 20}}}"
    await error_of(catching(f"{{retry: {policy}}}"), {"d": "x"}, runtime)
    assert len(set(runtime.sleeps)) == 20
    assert all(2 <= seconds <= 4 for seconds in runtime.sleeps)


async def test_when_retries_are_used_up_the_tasks_of_the_catch_run() -> None:
    runtime = InProcessRuntime()
    text = catching("{retry: {delay: {seconds: 1}, limit: {attempt: {count: 2}}}, do: [{h: {set: {gave: up}}}]}")
    assert await run(text, {"d": "x"}, runtime) == {"gave": "up"}
    assert runtime.sleeps == [1, 1]


async def test_catch_then_wins_over_the_task_s_own_then_on_the_error_path_only() -> None:
    text = "do: [{{t: {{try: [{{r: {{{body}}}}}], catch: {{then: c}}, then: end}}}}, {{b: {{set: {{b: 1}}}}}}, {{c: {{set: {{c: 1}}}}}}]"
    assert await run(text.format(body="raise: {error: {type: 'https://x', status: 500}}")) == {"c": 1}
    assert await run(text.format(body="set: {ok: 1}")) == {"ok": 1}


async def test_an_attempt_may_have_its_own_time() -> None:
    runtime = InProcessRuntime()
    text = catching("{retry: {limit: {attempt: {count: 1, duration: {seconds: 5}}}}}", "wait: {seconds: 60}")
    error = await error_of(text, {}, runtime)
    assert (error["status"], runtime.now()) == (408, 1_700_000_010.0)


# --- data flow -------------------------------------------------------------------------------------------------


async def test_the_data_flow_has_its_order() -> None:
    text = """
input: {from: .data}
output: {as: '{ result: ., context: $context }'}
do:
  - one:
      if: .go
      input: {from: '{ n: .n, raw: true }'}
      set: {sum: '${ .n + $input.n }', raw: '${ .raw }'}
      output: {as: '{ sum: .sum, from: $input.n }'}
      export: {as: '{ last: $output.sum, before: $context }'}
  - two:
      if: .go
      set: {never: true}
      export: {as: '{ wrong: true }'}
      then: end
  - three: {set: {sum: '${ .sum }', context: '${ $context.last }'}}
"""
    assert await run(text, {"data": {"go": True, "n": 2}}) == {
        "result": {"sum": 4, "context": 4},
        "context": {"last": 4, "before": {}},
    }


async def test_filters_may_be_objects_of_expressions() -> None:
    text = (
        "do: [{a: {input: {from: {x: '${ .n }', y: plain}}, set: '${ . }', output: {as: {z: ['${ .x }', '${ .y }']}}}}]"
    )
    assert await run(text, {"n": 1}) == {"z": [1, "plain"]}


async def test_a_task_sees_itself_its_workflow_and_its_runtime() -> None:
    text = """
do:
  - who:
      set:
        task: '${ $task.name + $task.reference + $task.startedAt.iso8601 }'
        kind: '${ $task.definition | has("set") }'
        workflow: '${ $workflow.definition.document.name + ($workflow.input.x | tostring) + $workflow.id }'
        runtime: '${ $runtime.name }'
        now: '${ now }'
"""
    assert await run(text, {"x": 1}) == {
        "task": "who/do/0/who2023-11-14T22:13:20.000Z",
        "kind": True,
        "workflow": "flow1in-process",
        "runtime": "stigmer",
        "now": 1_700_000_000.0,
    }


async def test_a_failing_expression_is_an_error_of_its_task_that_can_be_caught() -> None:
    error = await error_of("do: [{a: {set: {x: '${ .a.b }'}}}]", {"a": "text"})
    assert (error["type"], error["status"], error["instance"]) == (BASE + "expression", 400, "/do/0/a")
    assert ".a.b" in error["detail"]


async def test_a_task_timeout_interrupts_and_can_be_caught() -> None:
    text = "do: [{t: {try: [{w: {wait: {hours: 1}, timeout: {after: {seconds: 5}}}}], catch: {errors: {with: {status: 408}}, do: [{h: {set: {at: '${ $error.instance }'}}}]}}}]"
    runtime = InProcessRuntime()
    assert await run(text, {}, runtime) == {"at": "/do/0/t/try/0/w"}
    assert runtime.now() == 1_700_000_005.0


async def test_the_workflow_s_timeout_ends_it() -> None:
    runtime = InProcessRuntime()
    error = await error_of("timeout: {after: PT10S}\ndo: [{a: {wait: PT1M}}]", runtime=runtime)
    assert (error["type"], runtime.now()) == (BASE + "timeout", 1_700_000_010.0)


# --- calls -----------------------------------------------------------------------------------------------------


async def test_an_http_call_asks_for_exactly_what_the_document_says() -> None:
    async def http(request: Any) -> Any:
        return {"asked": request["uri"]}

    runtime = InProcessRuntime({"http": http})
    text = """
do:
  - ask:
      call: http
      with:
        method: post
        endpoint: {uri: 'https://example.com/{name}/{missing}?f={flag}'}
        headers: {X-N: '${ .n }'}
        query: {q: ['${ .n }', b], none: null}
        body: {n: '${ .n }'}
        redirect: true
      timeout: {after: PT7S}
"""
    assert await run(text, {"name": "a b/c", "n": 1, "flag": True}, runtime) == {
        "asked": "https://example.com/a%20b%2Fc/?f=true"
    }
    [call] = runtime.calls
    assert call.argument == {
        "method": "POST", "uri": "https://example.com/a%20b%2Fc/?f=true", "headers": {"X-N": "1"},
        "query": [["q", "1"], ["q", "b"]], "body": {"n": 1}, "has_body": True, "output": "content", "redirect": True,
        "key": "id-1", "timeout": 7.0,
    }  # fmt: skip


async def test_a_uri_variable_that_is_an_object_is_an_expression_error() -> None:
    text = "do: [{a: {call: http, with: {method: get, endpoint: 'https://example.com/{x}'}}}]"
    assert (await error_of(text, {"x": {}}))["type"] == BASE + "expression"


async def test_an_error_of_a_call_is_placed_at_its_task() -> None:
    async def http(_request: Any) -> None:
        raise fault("communication", "gone", status=410)

    text = "do: [{a: {call: http, with: {method: get, endpoint: 'https://example.com'}}}]"
    error = await error_of(text, {}, InProcessRuntime({"http": http}))
    assert (error["status"], error["instance"]) == (410, "/do/0/a")


def children(result: Any) -> Any:
    async def start(argument: Any) -> Any:
        return {"id": f"{argument['kind']}-1"}

    async def read(argument: Any) -> Any:
        return {"id": argument["id"], "terminal": True, "error": "", **result}

    return {"start_child": start, "read_child": read}


async def test_an_agent_call_gives_the_agent_s_output() -> None:
    runtime = InProcessRuntime(children({"phase": "COMPLETED", "output": {"text": "hi"}}))
    assert await run("do: [{a: {call: agent, with: {agent: x, message: '${ .m }'}}}]", {"m": "hey"}, runtime) == {
        "text": "hi"
    }
    assert [call.activity for call in runtime.calls] == ["start_child", "read_child"]


async def test_a_workflow_that_is_not_awaited_gives_the_input() -> None:
    runtime = InProcessRuntime(children({"phase": "COMPLETED", "output": 1}))
    text = "do: [{a: {run: {workflow: {namespace: n, name: x, version: latest}, await: false}}}]"
    assert await run(text, {"m": 1}, runtime) == {"m": 1}
    assert [call.activity for call in runtime.calls] == ["start_child"]


async def test_a_child_that_fails_is_a_runtime_error_that_names_it() -> None:
    runtime = InProcessRuntime(children({"phase": "FAILED", "output": None, "error": "no luck"}))
    error = await error_of("do: [{a: {run: {workflow: {namespace: n, name: x, version: latest}}}}]", {}, runtime)
    assert (error["type"], error["title"]) == (BASE + "runtime", "Workflow execution failed")
    assert error["detail"] == "workflow x (workflow-1): no luck"


# --- durability and cost ---------------------------------------------------------------------------------------

DEEP = """
do:
  - outer:
      for: {each: a, in: '[1, 2, 3]'}
      do:
        - inner:
            for: {each: b, in: '[10, 20]'}
            do:
              - t:
                  try:
                    - maybe: {if: '$b == 20', raise: {error: {type: 'https://x', status: 500}}}
                    - add: {set: {log: '${ .log + ["\\($a)-\\($b)"] }'}, export: {as: '{ n: ($context.n + 1) }'}}
                  catch: {retry: {delay: {seconds: 1}, limit: {attempt: {count: 1}}}, do: [{c: {set: {log: '${ .log + ["caught \\($a)"] }'}}}]}
              - w: {wait: {seconds: 1}}
  - finish: {set: {log: '${ .log }', n: '${ $context.n }'}}
"""


@pytest.mark.parametrize(
    "every",
    [0, 5, 7, 11],  # fewer would never get past the lists that a run re-enters
)
async def test_a_run_cut_at_any_safe_point_goes_on_where_it_was(every: Any) -> None:
    runtime = InProcessRuntime(drain_every=every)
    assert await run(DEEP, {"log": []}, runtime) == {
        "log": ["1-10", "caught 1", "2-10", "caught 2", "3-10", "caught 3"],
        "n": 3,
    }
    assert runtime.now() == 1_700_000_000.0 + 6 + 3


async def test_long_work_in_memory_pauses_so_that_the_worker_can_answer() -> None:
    runtime = InProcessRuntime()
    await run("do: [{l: {for: {in: '[range(20000)]'}, do: [{s: {set: {n: '${ $item }'}}}]}}]", {}, runtime)
    assert runtime.breaths > 1


async def test_only_the_latest_iterations_of_a_loop_are_reported() -> None:
    seen = Progress("wex-1")
    await run("do: [{l: {for: {in: '[range(1000)]'}, do: [{s: {set: {n: '${ $item }'}}}]}}]", {}, observer=seen)
    report = seen.take()
    loops = [task for task in report["tasks"] if task["pointer"] == "/do/0/l/do/0/s"]
    assert sorted(task["iterations"][0] for task in loops) == list(range(1000 - LOOP_SLOTS, 1000))
    assert len(report["events"]) == 400


async def test_the_example_of_the_documentation_runs() -> None:
    text = (Path(__file__).parents[3] / "docs" / "workflows.md").read_text()
    document = text.split("```yaml\n")[1].split("```")[0]

    async def start(argument: Any) -> Any:
        return {"id": argument["message"]}

    async def read(argument: Any) -> Any:
        text = argument["id"].replace("Hello, I am", "Hi")
        return {"id": "aex-1", "terminal": True, "error": "", "phase": "COMPLETED", "output": {"text": text}}

    runtime = InProcessRuntime({"start_child": start, "read_child": read})
    assert await run(document, {"names": ["Ada", "Bob"]}, runtime, head="") == {"Ada": "Hi Ada", "Bob": "Hi Bob"}
