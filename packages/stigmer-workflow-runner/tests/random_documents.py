"""Random documents for property tests, and a naive evaluator that says what they give.

An expression is a nested tuple that has two readings: jq text for the document, and Python for the evaluator, so that
the evaluator shares nothing with the engine: no expressions, no frames, no flow. The value that flows is always
`{"n": number, "s": [numbers]}`; a `ping` is an HTTP call that answers `{"n": n + 1}` and is the only side effect.
"""

# ruff: noqa: PLR0911 - one return for each form of a small language

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from stigmer_api.dsl.tasks import TASK_TYPES

MODULUS = 1009
STATUSES = [400, 401, 402]
ERROR = "https://example.com/errors/random"


# --- expressions -------------------------------------------------------------------------------------------------


@cache
def numbers(loops: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Expressions that give a number; `loops` are the loop variables in reach."""
    names = [("var", name) for name in loops]
    leaf = st.sampled_from([("n",), ("count",), ("context",), ("lit", 0), ("lit", 1), ("lit", 7), *names])
    return st.one_of(leaf, st.tuples(st.sampled_from(["add", "mul"]), leaf, leaf))


@cache
def conditions(loops: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Expressions that give a boolean."""
    value = numbers(loops)
    return st.one_of(
        st.sampled_from([("yes",), ("no",)]),
        st.tuples(st.just("lt"), value, value),
        st.tuples(st.just("even"), value),
    )


_YES: Final = st.booleans()


def jq(e: Any) -> str:
    """An expression as jq."""
    match e:
        case ("lit", number):
            return str(number)
        case ("n",):
            return ".n"
        case ("count",):
            return "(.s | length)"
        case ("context",):
            return "($context.n // 0)"
        case ("var", name):
            return f"${name}"
        case ("add", left, right):
            return f"(({jq(left)} + {jq(right)}) % {MODULUS})"
        case ("mul", left, right):
            return f"(({jq(left)} * {jq(right)}) % {MODULUS})"
        case ("lt", left, right):
            return f"({jq(left)} < {jq(right)})"
        case ("even", value):
            return f"({jq(value)} % 2 == 0)"
        case ("yes",):
            return "true"
        case _:
            return "false"


def compute(e: Any, value: Any, variables: dict[str, int], context: dict[str, int]) -> Any:
    """An expression as Python."""

    def of(inner: Any) -> Any:
        return compute(inner, value, variables, context)

    match e:
        case ("lit", number):
            return number
        case ("n",):
            return value["n"]
        case ("count",):
            return len(value["s"])
        case ("context",):
            return context.get("n", 0)
        case ("var", name):
            return variables[name]
        case ("add", left, right):
            return (of(left) + of(right)) % MODULUS
        case ("mul", left, right):
            return (of(left) * of(right)) % MODULUS
        case ("lt", left, right):
            return of(left) < of(right)
        case ("even", inner):
            return of(inner) % 2 == 0
        case _:
            return e == ("yes",)


# --- documents: a list of nodes ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """A task: what it does, and what all tasks may have. `args` is particular to the kind."""

    kind: str
    args: tuple[Any, ...] = ()
    condition: Any = None
    then: int | str | None = None
    output: Any = None
    export: Any = None


@st.composite
def task_lists(draw: Any, depth: int = 2) -> Any:
    """A list of nodes. Jumps go forward only, so that every document ends."""
    return _Grammar(draw).tasks(depth, (), frozenset())


@dataclass(frozen=True)
class _Grammar:
    draw: Any

    def tasks(self, depth: int, loops: tuple[str, ...], inside: frozenset[str]) -> Any:
        """A list; `inside` names the kinds of the tasks around it."""
        size = self.draw(st.integers(1, 4))
        return tuple(self.task(depth, loops, inside, range(at + 1, size)) for at in range(size))

    def task(self, depth: int, loops: tuple[str, ...], inside: frozenset[str], later: range) -> Node:
        kinds = ["set", "set", "ping", "raise", "switch"]
        if depth:
            kinds += ["do", "for", "for", "try", "try"]
            if "fork" in TASK_TYPES and "fork" not in inside:
                kinds.append("fork")
        kind = self.draw(st.sampled_from(kinds))
        targets = st.sampled_from([*later, "continue", "exit", *([] if "fork" in inside else ["end"])])
        more = numbers(loops)
        return Node(
            kind,
            self.arguments(kind, depth, loops, inside, targets),
            self.seldom(conditions(loops)),
            None if kind == "switch" else self.seldom(targets),
            None if kind == "fork" else self.seldom(more),
            None if "fork" in inside else self.seldom(more),
        )

    def arguments(self, kind: str, depth: int, loops: tuple[str, ...], inside: frozenset[str], targets: Any) -> Any:
        draw, inside = self.draw, inside | {kind}
        match kind:
            case "set" | "ping":
                return (draw(numbers(loops)),)
            case "raise":
                return (draw(st.sampled_from(STATUSES)),)
            case "switch":
                cases = [(draw(conditions(loops)), draw(targets))]
                return ((*cases, (None, draw(targets))),) if draw(_YES) else (tuple(cases),)
            case "for":
                names = f"item{len(loops)}", f"index{len(loops)}"
                condition = self.seldom(conditions((*loops, *names)))
                return (
                    *names,
                    draw(st.sampled_from([3, 2, 1, 0])),
                    condition,
                    self.tasks(depth - 1, (*loops, *names), inside),
                )
            case "try":
                status = self.seldom(st.sampled_from(STATUSES))
                handler = self.tasks(depth - 1, loops, inside) if draw(_YES) else None
                return (self.tasks(depth - 1, loops, inside), status, draw(st.sampled_from([None, 0, 2])), handler)
            case "fork":
                return (tuple(self.tasks(depth - 1, loops, inside) for _ in range(draw(st.sampled_from([2, 1, 3])))),)
        return (self.tasks(depth - 1, loops, inside),)

    def seldom(self, strategy: Any) -> Any:
        """Mostly nothing."""
        return self.draw(strategy) if self.draw(st.sampled_from([False, False, False, True])) else None


def document(nodes: Any, url: str) -> dict[str, Any]:
    """The nodes as a document of the DSL; `url` answers pings."""
    head = {"dsl": "1.0.3", "namespace": "tests", "name": "random", "version": "1.0.0"}
    return {"document": head, "do": _list(nodes, url)}


def _name(target: int | str | None) -> Any:
    return f"t{target}" if isinstance(target, int) else target


def _list(nodes: Any, url: str) -> list[Any]:
    return [{f"t{i}": _task(node, url)} for i, node in enumerate(nodes)]


def _task(node: Node, url: str) -> dict[str, Any]:
    found = _body(node, url)
    if node.condition is not None:
        found["if"] = jq(node.condition)
    if node.then is not None:
        found["then"] = _name(node.then)
    if node.output is not None:
        kept = found.get("output", {"as": "."})["as"]
        found["output"] = {"as": f"{kept} | {{n: {jq(node.output)}, s: .s}}"}
    if node.export is not None:
        found["export"] = {"as": f"{{n: {jq(node.export)}}}"}
    return found


def _body(node: Node, url: str) -> dict[str, Any]:
    match node.kind, node.args:
        case "set", (number,):
            return {"set": {"n": f"${{ {jq(number)} }}", "s": f"${{ .s + [{jq(number)}] }}"}}
        case "ping", (number,):
            call = {"method": "post", "endpoint": url, "body": {"n": f"${{ {jq(number)} }}"}}
            return {"call": "http", "with": call, "output": {"as": "$input + {n: .n}"}}
        case "raise", (status,):
            return {"raise": {"error": {"type": ERROR, "status": status}}}
        case "switch", (cases,):
            return {
                "switch": [
                    {f"c{i}": {**({} if when is None else {"when": jq(when)}), "then": _name(target)}}
                    for i, (when, target) in enumerate(cases)
                ]
            }
        case "do", (nodes,):
            return {"do": _list(nodes, url)}
        case "for", (item, index, count, condition, nodes):
            loop = {"each": item, "at": index, "in": f"[range({count})]"}
            return {"for": loop, "do": _list(nodes, url), **({} if condition is None else {"while": jq(condition)})}
        case "try", (nodes, status, retries, handler):
            catch: dict[str, Any] = {} if status is None else {"errors": {"with": {"status": status}}}
            if retries is not None:
                catch["retry"] = {"delay": "PT0S", "limit": {"attempt": {"count": retries}}}
            if handler is not None:
                catch["do"] = _list(handler, url)
            return {"try": _list(nodes, url), "catch": catch}
        case _, (branches,):
            each = [{f"b{i}": {"do": _list(nodes, url)}} for i, nodes in enumerate(branches)]
            merged = "{n: (([.[].n] | add) % " + str(MODULUS) + "), s: ([.[].s] | add)}"
            return {"fork": {"branches": each}, "output": {"as": merged}}
    raise AssertionError(node)


# --- the naive evaluator -----------------------------------------------------------------------------------------


class RaisedError(Exception):
    """An error of the document."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


class EndedError(Exception):
    """`then: end`: the value climbs through the tasks around it."""


@dataclass
class Reference:
    """Evaluates a list of nodes. `pings` are the side effects in order."""

    context: dict[str, int] = field(default_factory=dict)
    pings: list[int] = field(default_factory=list)

    def run(self, nodes: Any, value: Any) -> Any:
        """The output of the workflow. Raises `RaisedError`."""
        return self.list(nodes, value, {})[0]

    def list(self, nodes: Any, value: Any, variables: dict[str, int]) -> tuple[Any, bool]:
        """The value after a list, and whether the workflow ends."""
        position = 0
        while position < len(nodes):
            value, then = self.task(nodes[position], value, variables)
            if then == "end":
                return value, True
            if then == "exit":
                break
            position = then if isinstance(then, int) else position + 1
        return value, False

    def task(self, node: Node, given: Any, variables: dict[str, int]) -> tuple[Any, Any]:
        """The value after a task, and where to go on."""
        if node.condition is not None and not compute(node.condition, given, variables, self.context):
            return given, None
        value, then = self.body(node, given, variables)
        if node.output is not None:
            value = {"n": compute(node.output, value, variables, self.context), "s": value["s"]}
        if node.export is not None:
            self.context = {"n": compute(node.export, value, variables, self.context)}
        return value, then if then is not None else node.then

    def body(self, node: Node, given: Any, variables: dict[str, int]) -> tuple[Any, Any]:
        match node.kind, node.args:
            case "set", (number,):
                found = compute(number, given, variables, self.context)
                return {"n": found, "s": [*given["s"], found]}, None
            case "ping", (number,):
                found = compute(number, given, variables, self.context)
                self.pings.append(found)
                return {**given, "n": found + 1}, None
            case "raise", (status,):
                raise RaisedError(status)
            case "switch", (cases,):
                for when, target in cases:
                    if when is None or compute(when, given, variables, self.context):
                        return given, target
                return given, None
            case "do", (nodes,):
                return _ended(self.list(nodes, given, variables))
            case "for", args:
                return self.loop(args, given, variables)
            case "try", args:
                return self.attempt(args, given, variables)
            case _, (branches,):
                results = [self.list(nodes, given, variables)[0] for nodes in branches]
                merged = sum(result["n"] for result in results) % MODULUS
                return {"n": merged, "s": [number for result in results for number in result["s"]]}, None
        raise AssertionError(node)

    def loop(self, args: Any, value: Any, variables: dict[str, int]) -> tuple[Any, Any]:
        item, index, count, condition, nodes = args
        for number in range(count):
            inner = {**variables, item: number, index: number}
            if condition is not None and not compute(condition, value, inner, self.context):
                break
            value, ends = self.list(nodes, value, inner)
            if ends:
                return value, "end"
        return value, None

    def attempt(self, args: Any, given: Any, variables: dict[str, int]) -> tuple[Any, Any]:
        nodes, wanted, retries, handler = args
        for left in range(retries or 0, -1, -1):
            try:
                return _ended(self.list(nodes, given, variables))
            except RaisedError as error:
                if wanted not in (None, error.status):
                    raise
                if not left and handler is None and retries is not None:
                    raise
        return (given, None) if handler is None else _ended(self.list(handler, given, variables))


def _ended(result: tuple[Any, bool]) -> tuple[Any, Any]:
    return result[0], "end" if result[1] else None
