"""Fork, emit, listen and questions to people, in process on a virtual clock; each also with forced continue-as-new."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from runner_documents import HEAD

from stigmer_api.dsl.definition import read_text
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_api.dsl.strategies import subscriptions_of
from stigmer_workflow_runner.errors import Fault, fault
from stigmer_workflow_runner.inbox import MAX_KEPT, Inbox, event_of
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document
from stigmer_workflow_runner.progress import Progress

ERRORS = "https://serverlessworkflow.io/spec/1.0.0/errors/"


class Seen(Progress):
    """Remembers everything that was told."""

    def __init__(self) -> None:
        super().__init__("wex-1")
        self.told: list[str] = []

    def _event(self, kind: str, at: float, task: Any = None, scope: Any = None, **facts: Any) -> None:
        self.told.append(f"{kind} {task.name if task else ''}".strip())
        super()._event(kind, at, task, scope, **facts)


async def run(text: str, given: Any = None, runtime: Any = None, observer: Any = None) -> Any:
    value, _ = read_text(HEAD + text)
    return await run_document(value, given, runtime, observer)


async def error_of(text: str, given: Any = None, runtime: Any = None) -> Any:
    with pytest.raises(Fault) as found:
        await run(text, given, runtime)
    return found.value.error


@pytest.fixture(params=[0, 2, 3, 5], ids=["straight", "every-2", "every-3", "every-5"])
def runtime(request: Any) -> InProcessRuntime:
    """A runtime that continues as new at every n-th safe point."""
    return InProcessRuntime(drain_every=request.param)


# --- fork ------------------------------------------------------------------------------------------------------

WAITS = "do: [{f: {fork: {compete: %s, branches: [{a: {do: [{w: {wait: {seconds: 3}}}, {s: {set: {a: '${ .n }'}}}]}}, {b: {do: [{w: {wait: {seconds: 1}}}, {s: {set: {b: '${ .n }'}}}]}}, {c: {set: '${ [1] }'}}]}}}]"


async def test_branches_run_at_the_same_time_and_their_outputs_stand_in_the_order_of_the_document(runtime: Any) -> None:
    begun = runtime.now()
    assert await run(WAITS % "false", {"n": 7}, runtime) == [{"a": 7}, {"b": 7}, [1]]
    assert runtime.now() - begun == 3


async def test_the_first_branch_to_end_well_wins_and_the_others_are_cancelled(runtime: Any) -> None:
    seen, begun = Seen(), runtime.now()
    text = "do: [{f: {fork: {compete: true, branches: [{slow: {wait: {minutes: 5}}}, {bad: {raise: {error: {type: 'https://x', status: 500}}}}, {fast: {do: [{w: {wait: {seconds: 2}}}, {s: {set: {won: true}}}]}}]}}}]"
    assert await run(text, None, runtime, seen) == {"won": True}
    assert runtime.now() - begun == 2
    assert "task_skipped slow" in seen.told
    entries = {entry["task_name"]: entry["status"] for entry in seen.take()["tasks"]}
    assert entries == {
        "f": "COMPLETED",
        "slow": "SKIPPED",
        "bad": "FAILED",
        "fast": "COMPLETED",
        "w": "COMPLETED",
        "s": "COMPLETED",
    }


async def test_competing_branches_that_all_fail_fail_with_the_first_one_s_error(runtime: Any) -> None:
    text = "do: [{f: {fork: {compete: true, branches: [{a: {do: [{w: {wait: {seconds: 2}}}, {r: {raise: {error: {type: 'https://a', status: 500}}}}]}}, {b: {raise: {error: {type: 'https://b', status: 500}}}}]}}}]"
    assert (await error_of(text, None, runtime))["type"] == "https://a"


async def test_a_fault_of_a_branch_cancels_its_siblings_and_can_be_caught(runtime: Any) -> None:
    seen, begun = Seen(), runtime.now()
    text = "do: [{t: {try: [{f: {fork: {branches: [{slow: {wait: {hours: 1}}}, {bad: {do: [{w: {wait: {seconds: 1}}}, {r: {raise: {error: {type: 'https://x', status: 418}}}}]}}]}}}], catch: {do: [{h: {set: {status: '${ $error.status }', at: '${ $error.instance }'}}}]}}}]"
    assert await run(text, None, runtime, seen) == {"status": 418, "at": "/do/0/t/try/0/f/fork/branches/1/bad/do/1/r"}
    assert runtime.now() - begun == 1
    assert "task_skipped slow" in seen.told


async def test_branches_see_a_copy_of_the_context_and_their_changes_are_joined_in_order(runtime: Any) -> None:
    text = """
do:
- start: {set: {}, export: {as: '{ kept: 1, gone: 2, both: 0 }'}}
- f:
    fork:
      branches:
      - a: {do: [{w: {wait: {seconds: 5}}}, {x: {set: {}, export: {as: '$context + {a: 1, both: 1} | del(.gone)'}}}, {y: {set: {seen: '${ $context }'}}}]}
      - b: {do: [{x: {set: {}, export: {as: '$context + {b: 1, both: 2}'}}}, {y: {set: {seen: '${ $context }'}}}]}
- after: {set: {branches: '${ . }', after: '${ $context }'}}
"""
    assert await run(text, None, runtime) == {
        "branches": [{"seen": {"kept": 1, "both": 1, "a": 1}}, {"seen": {"kept": 1, "gone": 2, "both": 2, "b": 1}}],
        "after": {"kept": 1, "both": 2, "a": 1, "b": 1},
    }


async def test_only_the_winner_s_context_counts(runtime: Any) -> None:
    text = "do: [{f: {fork: {compete: true, branches: [{a: {do: [{x: {set: {}, export: {as: '{who: \"a\"}'}}}, {w: {wait: {seconds: 5}}}]}}, {b: {set: {}, export: {as: '{who: \"b\"}'}}}]}}}, {e: {set: '${ $context }'}}]"
    assert await run(text, None, runtime) == {"who": "b"}


async def test_a_branch_that_ends_the_workflow_ends_its_siblings_too(runtime: Any) -> None:
    text = "do: [{f: {fork: {branches: [{a: {wait: {hours: 1}}}, {b: {do: [{s: {set: {b: 1}, then: end}}, {t: {set: {}}}]}}]}}}, {z: {set: {z: 1}}}]"
    assert await run(text, None, runtime) == {"b": 1}


@pytest.mark.parametrize(("limit", "seconds"), [(1, 40), (4, 10), (40, 1), (None, 1)])
async def test_no_more_branches_run_at_a_time_than_the_concurrency_allows(limit: Any, seconds: int) -> None:
    begun = (runtime := InProcessRuntime()).now()
    branches = ", ".join(f"{{b{n}: {{wait: {{seconds: 1}}, output: {{as: '{n}'}}}}}}" for n in range(40))
    metadata = f", metadata: {{concurrency: {limit}}}" if limit else ""
    assert await run(f"do: [{{f: {{fork: {{branches: [{branches}]}}{metadata}}}}}]", None, runtime) == list(range(40))
    assert runtime.now() - begun == seconds


async def test_forks_nest_in_loops_and_in_forks_and_keep_their_places(runtime: Any) -> None:
    text = """
do:
- l:
    for: {each: n, in: '[1, 2, 3]'}
    do:
    - f:
        fork:
          branches:
          - a: {fork: {branches: [{x: {do: [{w: {wait: {seconds: '${ $n }'}}}, {s: {set: '${ $n * 10 }'}}]}}, {y: {set: '${ $n * 100 }'}}]}}
          - b: {for: {each: m, in: '[1, 2]'}, do: [{w: {wait: {milliseconds: 500}}}, {s: {set: '${ $m + $n }'}}]}
        output: {as: '$input.sum + [.[0][0], .[0][1], .[1]] | {sum: .}'}
"""
    assert await run(text, {"sum": []}, runtime) == {"sum": [10, 100, 3, 20, 200, 4, 30, 300, 5]}


async def test_a_timeout_ends_all_branches(runtime: Any) -> None:
    text = "do: [{f: {timeout: {after: {seconds: 2}}, fork: {branches: [{a: {wait: {hours: 1}}}, {b: {try: [{w: {wait: {hours: 2}}}], catch: {}}}]}}}]"
    error = await error_of(text, None, runtime)
    assert (error["type"], error["instance"]) == (ERRORS + "timeout", "/do/0/f")


async def test_much_computing_in_branches_lets_others_work_in_between() -> None:
    branches = ", ".join(f"{{b{n}: {{set: '${{ [range(20000)] | length }}'}}}}" for n in range(30))
    runtime = InProcessRuntime()
    assert await run(f"do: [{{f: {{fork: {{branches: [{branches}]}}}}}}]", None, runtime) == [20000] * 30
    assert runtime.breaths >= 1


async def test_a_branch_cannot_go_on_at_another_branch() -> None:
    with pytest.raises(
        DocumentInvalidError, match="/do/0/f/fork/branches/0/a/then: a branch cannot go to another branch: 'b'"
    ):
        await run("do: [{f: {fork: {branches: [{a: {set: {}, then: b}}, {b: {set: {}}}]}}}]")
    text = "do: [{f: {fork: {branches: [{a: {switch: [{x: {then: b}}]}}, {b: {set: {}}}]}}}]"
    assert (await error_of(text))["type"] == ERRORS + "configuration"


# --- emit and listen -------------------------------------------------------------------------------------------


async def test_emit_fills_in_what_the_document_leaves_out() -> None:
    runtime, seen = InProcessRuntime(), Seen()
    found = await run(
        "do: [{e: {emit: {event: {with: {type: t, data: {n: '${ .n }'}, region: eu}}}}}]", {"n": 1}, runtime, seen
    )
    assert found == {
        "specversion": "1.0", "id": "id-1", "source": "/tests/flow/1.0.0", "time": "2023-11-14T22:13:20.000Z",
        "type": "t", "data": {"n": 1}, "region": "eu",
    }  # fmt: skip
    assert [call.activity for call in runtime.calls] == ["publish_event"]
    assert "event_emitted e" in seen.told


@pytest.mark.parametrize(
    ("attributes", "why"),
    [("{type: '${ 1 }'}", "event.with.type must give text"), ("{type: '${ null }'}", "event.with.type"), ("{type: t, source: '${ .x }', time: yesterday}", "no RFC 3339")],
)  # fmt: skip
async def test_an_event_with_wrong_attributes_is_an_expression_error(attributes: str, why: str) -> None:
    error = await error_of(f"do: [{{e: {{emit: {{event: {{with: {attributes}}}}}}}}}]")
    assert (error["type"], error["instance"]) == (ERRORS + "expression", "/do/0/e")
    assert why in error["detail"]


def sending(runtime: InProcessRuntime, *events: dict[str, Any]) -> InProcessRuntime:
    """Events that arrive one a second."""
    for number, event in enumerate(events, start=1):
        full = {"specversion": "1.0", "id": f"e{number}", "source": "/s", "type": "t", **event}
        runtime.later(number, partial(runtime.event, full, f"event/{number}"))
    return runtime


def ns(*numbers: int, **more: Any) -> list[dict[str, Any]]:
    return [{"data": {"n": n}, **more} for n in numbers]


LISTENS = [
    ("{one: {with: {type: t}}}", [{"n": 1}]),
    ("{one: {with: {type: t, data: '${ .n > 3 }'}}}", [{"n": 4}]),
    ("{one: {with: {data: {n: 2}}}}", [{"n": 2}]),
    ("{one: {with: {data: {n: '${ $input.wanted }'}}}}", [{"n": 3}]),
    ("{one: {with: {id: '${ test(\"^e[4-6]$\") }'}}}", [{"n": 4}]),
    ("{any: []}", [{"n": 1}]),
    ("{any: [{with: {data: {n: 5}}}, {with: {data: {n: 2}}}]}", [{"n": 2}]),
    ("{any: [], until: '( . | length ) > 2'}", [{"n": 1}, {"n": 2}, {"n": 3}]),
    ("{any: [{with: {data: '${ .n % 2 == 1 }'}}], until: {one: {with: {data: {n: 4}}}}}", [{"n": 1}, {"n": 3}]),
    ("{any: [], until: {all: [{with: {data: {n: 4}}}, {with: {data: {n: 2}}}]}}", [{"n": 1}, {"n": 3}]),
    ("{any: [], until: {any: []}}", []),
    ("{all: [{with: {data: {n: 3}}}, {with: {data: {n: 1}}}]}", [{"n": 1}, {"n": 3}]),
    ("{all: [{with: {type: t}}, {with: {type: t}}]}", [{"n": 1}, {"n": 2}]),
]


@pytest.mark.parametrize(("to", "expected"), LISTENS, ids=[to for to, _ in LISTENS])
async def test_a_listen_task_takes_the_events_of_its_strategy(to: str, expected: Any, runtime: Any) -> None:
    sending(runtime, *ns(1, 2, 3, 4, 5, 6))
    assert await run(f"do: [{{l: {{listen: {{to: {to}}}}}}}]", {"wanted": 3}, runtime) == expected


async def test_until_may_never_hold_and_a_timeout_ends_the_listening(runtime: Any) -> None:
    sending(runtime, *ns(1, 2))
    text = "do: [{l: {timeout: {after: PT1M}, listen: {to: {any: [], until: '${ false }'}}}}]"
    assert (await error_of(text, None, runtime))["type"] == ERRORS + "timeout"
    assert runtime.inbox.listeners == {}


@pytest.mark.parametrize(
    ("read", "expected"),
    [("data", {"n": 1}), ("envelope", {"specversion": "1.0", "id": "e1", "source": "/s", "type": "t", "data": {"n": 1}}), ("raw", "eyJuIjoxfQ==")],
)  # fmt: skip
async def test_read_says_what_of_an_event_is_read(read: str, expected: Any) -> None:
    runtime = sending(InProcessRuntime(), *ns(1))
    assert await run(f"do: [{{l: {{listen: {{to: {{any: []}}, read: {read}}}}}}}]", None, runtime) == [expected]


async def test_foreach_works_on_each_event_in_turn(runtime: Any) -> None:
    sending(runtime, *ns(1, 2, 3, 4))
    text = """
do:
- l:
    listen: {to: {any: [], until: '. | length == 3'}}
    foreach:
      item: e
      at: i
      do: [{w: {wait: {seconds: 10}}}, {s: {set: {sum: '${ $e.n * 10 + $i }', given: '${ .n }'}}}]
      output: {as: '.sum + $i'}
      export: {as: '$context + {("e\\($i)"): $output}'}
- z: {set: {list: '${ . }', context: '${ $context }'}}
"""
    assert await run(text, None, runtime) == {"list": [10, 22, 34], "context": {"e0": 10, "e1": 22, "e2": 34}}


async def test_each_event_s_output_is_held_against_its_schema() -> None:
    runtime = sending(InProcessRuntime(), *ns(1, 2))
    text = "do: [{l: {listen: {to: {any: [], until: 'false'}}, foreach: {output: {as: .n, schema: {document: {maximum: 1}}}}}}]"
    error = await error_of(text, None, runtime)
    assert (error["type"], error["instance"]) == (ERRORS + "validation", "/do/0/l")
    assert "foreach.output.schema" in error["detail"]


async def test_then_end_in_a_foreach_ends_the_workflow() -> None:
    runtime = sending(InProcessRuntime(), *ns(1, 2))
    text = "do: [{l: {listen: {to: {any: [], until: 'false'}}, foreach: {do: [{s: {switch: [{x: {when: '$item.n == 2', then: end}}]}}]}}}, {z: {set: {}}}]"
    assert await run(text, None, runtime) == [{"n": 1}, {"n": 2}]


async def test_correlated_events_belong_together(runtime: Any) -> None:
    rooms = [("t", 1), ("h", 2), ("t", 2), ("h", 1)]
    sending(runtime, *({"type": kind, "data": {"room": room}} for kind, room in rooms))
    text = "do: [{l: {listen: {to: {all: [{with: {type: t}, correlate: {room: {from: .data.room}}}, {with: {type: h}, correlate: {room: {from: .data.room}}}]}}}}]"
    assert await run(text, None, runtime) == [{"room": 1}, {"room": 1}]


@pytest.mark.parametrize(("expect", "room"), [("'${ .wanted }'", 2), ("2", 2)])
async def test_a_correlation_may_expect_a_value(expect: str, room: int) -> None:
    runtime = sending(InProcessRuntime(), *({"data": {"room": n}} for n in (1, 3, 2)))
    text = f"do: [{{l: {{listen: {{to: {{one: {{with: {{type: t}}, correlate: {{r: {{from: .data.room, expect: {expect}}}}}}}}}}}}}}}]"
    assert await run(text, {"wanted": 2}, runtime) == [{"room": room}]


async def test_what_is_emitted_reaches_every_listener_of_the_moment_and_is_used_once(runtime: Any) -> None:
    text = """
do:
- f:
    fork:
      branches:
      - a: {listen: {to: {one: {with: {type: news}}}}}
      - b: {listen: {to: {one: {with: {type: news}}}}}
      - c: {do: [{w: {wait: {seconds: 1}}}, {e: {emit: {event: {with: {type: news, data: 1}}}}}, {e2: {emit: {event: {with: {type: news, data: 2}}}}}]}
    output: {as: '.[0:2]'}
- later: {listen: {to: {one: {with: {type: news}}}}, input: {from: '{f: .}'}, output: {as: '[$input.f, .]'}}
"""
    assert await run(text, None, runtime) == [[[1], [1]], [2]]


async def test_an_event_that_comes_before_its_listener_is_kept(runtime: Any) -> None:
    runtime.later(1, lambda: runtime.signal("go", {"n": 1}, "s1"))
    runtime.later(2, lambda: runtime.signal("go", {"n": 1}, "s1"))  # the same again
    runtime.later(3, lambda: runtime.signal("go", {"n": 2}, "s2"))
    text = "do: [{w: {wait: {seconds: 10}}}, {a: {listen: {to: {one: {with: {signalname: go}}}}, output: {as: '{a: .}'}}}, {b: {listen: {to: {one: {with: {type: go}}}}, output: {as: '$input + {b: .}'}}}]"
    assert await run(text, None, runtime) == {"a": [{"n": 1}], "b": [{"n": 2}]}


async def test_an_expression_that_fails_on_an_event_does_not_match_it() -> None:
    runtime = sending(InProcessRuntime(), {"data": "text"}, {}, {"data": {"list": [1]}})
    text = "do: [{l: {listen: {to: {one: {with: {data: '${ .list | length == 1 }'}}}}}}]"
    assert await run(text, None, runtime) == [{"list": [1]}]


async def test_a_run_that_waits_for_what_can_never_come_says_so_in_process() -> None:
    assert "nothing is to come" in (await error_of("do: [{l: {listen: {to: {any: []}}}}]"))["detail"]


def test_the_inbox_forgets_repeats_and_the_oldest_of_too_many() -> None:
    inbox = Inbox()
    for n in range(MAX_KEPT + 5):
        assert inbox.put(f"d{n}", {"n": n})
    assert not inbox.put(f"d{MAX_KEPT}", {"n": 0})
    assert (len(inbox.kept), inbox.forgotten, inbox.kept[0]["n"]) == (MAX_KEPT, 5, 5)
    listener = inbox.join()
    entry = inbox.look(listener)
    assert entry is not None
    inbox.take(entry)
    early = Inbox()
    early.put("d7", {"n": 7})
    early.put("new", {"n": "new"})
    early.resume(inbox.to_json())
    assert early.kept[-1]["event"] == {"n": "new"}
    assert early.forgotten == 5, "what was taken made room"
    assert early.listeners == {listener: [6, MAX_KEPT + 5]}


@pytest.mark.parametrize(
    ("delivery", "payload", "expected"),
    [
        ("s", {"a": 1}, {"specversion": "1.0", "id": "s", "source": "/stigmer/signals", "type": "go", "time": "now", "signalname": "go", "data": {"a": 1}}),
        ("s", {"specversion": "1.0", "type": "x", "id": "e", "source": "/me", "data": 1}, {"specversion": "1.0", "id": "e", "source": "/me", "type": "x", "time": "now", "signalname": "go", "data": 1}),
        ("event/1", {"specversion": "1.0", "type": "x", "id": "e"}, {"specversion": "1.0", "type": "x", "id": "e"}),
    ],
)  # fmt: skip
def test_a_signal_is_an_event_and_may_carry_one(delivery: str, payload: Any, expected: Any) -> None:
    assert event_of(delivery, "go", payload, "now") == expected


def test_a_document_subscribes_to_the_fixed_attributes_of_all_its_filters() -> None:
    text = """
do:
- a: {listen: {to: {one: {with: {type: x, source: /a, data: '${ .n }'}}}}}
- b: {for: {in: '[]'}, do: [{c: {listen: {to: {any: [{with: {type: y}}, {with: {type: x, source: /a}}], until: {one: {with: {type: z}}}}}}}]}
- d: {listen: {to: {all: [{with: {signalname: approved}}]}}}
"""
    value, _ = read_text(HEAD + text)
    assert subscriptions_of(value) == [{"type": "x", "source": "/a"}, {"type": "y"}, {"type": "z"}]
    forever, _ = read_text(HEAD + "do: [{a: {listen: {to: {any: []}}}}, {b: {listen: {to: {one: {with: {type: x}}}}}}]")
    assert subscriptions_of(forever) == [{}]


# --- people ----------------------------------------------------------------------------------------------------

ASKS = "do: [{ask: {call: human, with: {prompt: '${ \"Pay \\(.n)?\" }', payload: '${ . }', approvers: [ada], uiHint: card, form: {type: object}%s}}}, {paid: {set: {paid: '${ .outcome }', data: '${ .data }'}, then: end}}, {refused: {set: {refused: true}}}]"
ANSWER = {"outcome": "approve", "data": {"x": 1}, "comment": "fine", "reviewer": "ada"}


class Asking(Seen):
    """Answers what is asked after some virtual seconds."""

    def __init__(self, runtime: Any, answer: Any, seconds: float) -> None:
        super().__init__()
        self.runtime, self.answer, self.seconds = runtime, answer, seconds
        self.requests: list[Any] = []

    def asked(self, task: Any, scope: Any, at: float, given: Any, request: Any) -> None:
        super().asked(task, scope, at, given, request)
        self.requests.append(request)
        if self.answer:
            self.runtime.later(self.seconds, lambda: self.runtime.inbox.answer(request["id"], dict(self.answer)))


async def test_a_person_s_answer_is_the_output_and_its_outcome_leads_on(runtime: Any) -> None:
    asking = Asking(runtime, ANSWER, 3600)
    text = ASKS % ", outcomes: [{name: approve, label: Yes}, {name: deny, then: refused}]"
    assert await run(text, {"n": 7}, runtime, asking) == {"paid": "approve", "data": {"x": 1}}
    [request] = asking.requests
    assert {key: request[key] for key in ("prompt", "payload", "approvers", "ui_hint", "form", "timeout_at")} == {
        "prompt": "Pay 7?", "payload": {"n": 7}, "approvers": ["ada"], "ui_hint": "card", "form": {"type": "object"}, "timeout_at": "",
    }  # fmt: skip
    assert request["outcomes"] == [{"name": "approve", "label": "Yes"}, {"name": "deny", "label": ""}]
    assert asking.told.count("approval_requested ask") == 1
    refusing = Asking(runtime, {**ANSWER, "outcome": "deny"}, 1)
    assert await run(text, {"n": 7}, runtime, refusing) == {"refused": True}


async def test_a_timeout_fails_or_denies_and_never_approves(runtime: Any) -> None:
    late = Asking(runtime, ANSWER, 61)
    with pytest.raises(Fault) as found:
        await run(ASKS % ", timeout: PT1M", {"n": 1}, runtime, late)
    assert (found.value.error["type"], found.value.error["instance"]) == (ERRORS + "timeout", "/do/0/ask")
    nobody = Asking(InProcessRuntime(), None, 0)
    more = ", timeout: PT1M, onTimeout: deny, outcomes: [{name: approve}, {name: deny, then: refused}]"
    assert await run(ASKS % more, {"n": 1}, nobody.runtime, nobody) == {"refused": True}
    assert "approval_resolved ask" in nobody.told


async def test_an_answer_that_the_server_took_in_time_counts_even_when_it_comes_late() -> None:
    async def read(_argument: Any) -> Any:
        return ANSWER

    runtime = InProcessRuntime({"read_answer": read})
    assert await run(ASKS % ", timeout: PT1M", {"n": 1}, runtime) == {"paid": "approve", "data": {"x": 1}}


class Channels:
    """Notification channels; those of `broken` fail."""

    def __init__(self, runtime_of: Any, broken: tuple[str, ...] = ()) -> None:
        self.told: list[tuple[float, str, str, list[str]]] = []
        self.keys: set[str] = set()
        self._broken = broken
        self.runtime = runtime_of({"notify": self.notify})
        self._began = self.runtime.now()

    async def notify(self, argument: Any) -> None:
        if argument["channel"] == "nowhere":
            raise fault("configuration", "no notification channel 'nowhere'")
        if argument["channel"] in self._broken:
            raise fault("communication", "come back later")
        self.keys.add(argument["key"])
        reason = argument["metadata"]["reason"]
        self.told.append((self.runtime.now() - self._began, argument["channel"], reason, argument["recipients"]))


ESCALATES = ", timeout: PT1H, onTimeout: escalate, channels: [ops], escalate: {approvers: [boss], channels: [ops, sms], timeout: PT2H%s}"


@pytest.mark.parametrize("drain_every", [0, 2])
async def test_a_question_that_nobody_answers_is_escalated_once(drain_every: int) -> None:
    channels = Channels(lambda activities: InProcessRuntime(activities, drain_every=drain_every))
    asking = Asking(channels.runtime, None, 0)
    with pytest.raises(Fault) as found:
        await run(ASKS % (ESCALATES % ""), {"n": 1}, channels.runtime, asking)
    assert found.value.error["type"] == ERRORS + "timeout"
    assert channels.told == [
        (0, "ops", "asked", ["ada"]),
        (3600, "ops", "escalated", ["boss"]),
        (3600, "sms", "escalated", ["boss"]),
    ]
    assert len(channels.keys) == 3
    first, second = asking.requests
    assert first["id"] == second["id"], "an answer that is under way counts"
    assert (first["approvers"], second["approvers"], second["seconds"]) == (["ada"], ["boss"], 7200)
    assert channels.runtime.now() - 1_700_000_000 == 3 * 3600


async def test_an_answer_after_the_escalation_counts_and_the_end_may_be_a_no() -> None:
    channels = Channels(InProcessRuntime)
    asking = Asking(channels.runtime, ANSWER, 2 * 3600)
    assert (await run(ASKS % (ESCALATES % ""), {"n": 1}, channels.runtime, asking))["paid"] == "approve"
    nobody = Channels(InProcessRuntime)
    more = ESCALATES % ", onTimeout: deny" + ", outcomes: [{name: approve}, {name: deny, then: refused}]"
    assert await run(ASKS % more, {"n": 1}, nobody.runtime) == {"refused": True}


async def test_reminders_come_until_there_is_an_answer_and_a_broken_channel_ends_nothing() -> None:
    channels = Channels(InProcessRuntime, broken=("mail",))
    asking = Asking(channels.runtime, ANSWER, 2.5 * 3600)
    more = ", channels: [mail, ops], remind: PT1H, timeout: P1D"
    assert (await run(ASKS % more, {"n": 1}, channels.runtime, asking))["paid"] == "approve"
    assert [(at, name, why) for at, name, why, _ in channels.told] == [
        (0, "ops", "asked"),
        (3600, "ops", "reminder"),
        (7200, "ops", "reminder"),
    ]
    with pytest.raises(Fault, match="no notification channel 'nowhere'"):
        await run(ASKS % ", channels: [nowhere]", {"n": 1}, Channels(InProcessRuntime).runtime)


async def test_every_iteration_that_asks_has_an_entry_of_its_own() -> None:
    runtime = InProcessRuntime()
    asking = Asking(runtime, ANSWER, 1)
    text = "do: [{l: {for: {in: '[range(12)]'}, do: [{ask: {call: human, with: {prompt: Go?}}}, {s: {set: {}}}]}}]"
    await run(text, None, runtime, asking)
    ids = [entry["task_id"] for entry in asking.take()["tasks"]]
    assert [f"/do/0/l/do/0/ask#{n}" in ids for n in (0, 10, 11)] == [True] * 3
    assert "/do/0/l/do/1/s#10" not in ids


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (
            ", onTimeout: approve",
            "/with/onTimeout: must be fail, deny or escalate, not 'approve': a timeout never approves",
        ),
        (", remind: PT1H", "/with/remind: needs 'channels': who is reminded"),
        (", timeout: PT1H, onTimeout: escalate", "escalate needs 'channels' or 'escalate: {approvers}'"),
        (", onTimeout: escalate, channels: [ops]", "escalate needs 'timeout': when it happens"),
        (", escalate: {approvers: [eve]}", "/with/escalate: needs 'onTimeout: escalate'"),
        (
            ", timeout: PT1H, onTimeout: escalate, escalate: {approvers: [eve], onTimeout: escalate}",
            "must be fail or deny, not 'escalate'",
        ),
        (", onTimeout: deny, outcomes: [{name: go}]", "deny needs an outcome that says no"),
        (", outcomes: []", "/with/outcomes: must be a list with at least one outcome"),
        (", outcomes: [{name: a}, {name: a}]", "the outcome 'a' is there twice"),
        (", outcomes: [{name: a, then: nowhere}]", "there is no task 'nowhere'"),
    ],
)
async def test_a_question_that_cannot_be_asked_is_a_problem_of_the_document(more: str, why: str) -> None:
    with pytest.raises(DocumentInvalidError) as found:
        await run(ASKS % more, {"n": 1})
    assert why in str(found.value)
