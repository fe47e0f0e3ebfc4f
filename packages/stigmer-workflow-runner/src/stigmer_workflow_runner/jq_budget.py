"""jq programs with a budget: a runaway expression ends as an error and never freezes a worker.

purejq compiles an AST to closures. Here the AST is rewritten between its parser and its compiler, so that
everything that can repeat or grow (iteration, calls, sums, comparisons of containers, path updates) pays from a
budget. Paying counts work, not time: the same expression on the same value costs the same on every machine, which
replay needs. Names are bound statically, so an unknown name is an error when the document is loaded.

This reaches into purejq's compiler; the package pins its exact version and the tests hold the seam.
One thing cannot be paid for in advance: a regular expression. Nested unbounded quantifiers are refused and the
subject is bounded, which leaves polynomial patterns on long subjects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from purejq import builtins as _builtins
from purejq import compiler as _compiler
from purejq import ops as _ops
from purejq.errors import JqError
from purejq.parser import parse
from purejq.prelude import PRELUDE

from stigmer_workflow_runner.errors import Json, RunnerError

BUDGET: Final = 600_000
"""Units one evaluation may spend. One unit is about a microsecond, far from Temporal's two seconds."""

MAX_REGEX_SUBJECT: Final = 32 * 1024
MAX_REGEX_PATTERN: Final = 512

REFUSED: Final[dict[str, str]] = {
    "env": "the environment of the worker is not visible",
    "$ENV": "the environment of the worker is not visible",
    "input": "there is one input only: use . or $input",
    "inputs": "there is one input only: use . or $input",
    "input_filename": "there is no input file",
    "input_line_number": "there is no input file",
    "debug": "it writes to the worker's log",
    "stderr": "it writes to the worker's log",
    "halt": "use then: end to end a workflow",
    "halt_error": "use a raise task",
    "localtime": "the time zone of a worker is not part of a workflow: use gmtime",
    "strflocaltime": "the time zone of a worker is not part of a workflow: use strftime",
    "builtins": "it depends on the version of the worker",
}

NOW_VARIABLE: Final = "$now"  # no expression can spell this name, so only `now` reads it

_Node = Any  # purejq's AST: tuples with a tag first
_Filter = Callable[..., Iterator[Any]]


class UnknownNameError(RunnerError):
    """An expression uses a function or variable that does not exist here."""


class BudgetExceededError(RunnerError):
    """An evaluation spent its whole budget."""

    def __init__(self) -> None:
        super().__init__(f"the expression needs more than {BUDGET} steps")


_cell: ContextVar[list[int]] = ContextVar("jq_budget")


def spend(units: int) -> None:
    """Take `units` from the budget of the running evaluation."""
    cell = _cell.get()
    cell[0] -= units
    if cell[0] < 0:
        raise BudgetExceededError


def weigh(value: Json) -> int:
    """The number of values inside `value`, text counted by its length; stops when it exceeds the budget."""
    stack, total = [value], 0
    while stack and total <= BUDGET:
        item = stack.pop()
        total += 1
        if isinstance(item, str):
            total += len(item) // 64
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
            total += len(item)
    return total


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled jq program. `variables` are the names it needs from outside."""

    run: _Filter
    variables: frozenset[str]

    def first(self, value: Json, variables: dict[str, Json], now: float) -> tuple[Json, int]:
        """The first result (None when there is none) and the units it cost."""
        cell = [BUDGET]
        token = _cell.set(cell)
        env = _compiler.Env(parent=_root(), vars={NOW_VARIABLE: now})
        env = _compiler.Env(parent=env, vars=variables)
        try:
            for result in self.run(value, env):
                return result, BUDGET - cell[0]
            return None, BUDGET - cell[0]
        finally:
            _cell.reset(token)


def compile_program(source: str) -> Program:
    """Compile jq text.

    Raises:
        UnknownNameError: it calls what does not exist or is refused.
        purejq.JqParseError: it is not jq.
    """
    rewriter = _Rewriter(free_variables=set())
    node = rewriter.visit(parse(source), _Scope(functions=_prelude_names()))
    return Program(_compiler.compile_v(node), frozenset(rewriter.free))


# --- names -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scope:
    functions: frozenset[tuple[str, int]]
    variables: frozenset[str] = frozenset()

    def with_variables(self, names: set[str]) -> _Scope:
        return _Scope(self.functions, self.variables | names)

    def with_functions(self, *keys: tuple[str, int]) -> _Scope:
        return _Scope(self.functions | set(keys), self.variables)


class _Rewriter:
    """Rewrites an AST so that it pays for its work, and binds its names."""

    def __init__(self, free_variables: set[str]) -> None:
        self.free = free_variables

    def visit(self, node: _Node, scope: _Scope) -> _Node:
        special = _SPECIAL.get(node[0])
        if special is not None:
            return special(self, node, scope)
        return (node[0], *(self._part(part, scope) for part in node[1:]))

    def _part(self, part: Any, scope: _Scope) -> Any:
        """A child node, a list of them (or of pairs), or a plain value of the node."""
        if isinstance(part, tuple):
            return (
                self.visit(part, scope)
                if part and isinstance(part[0], str)
                else tuple(self._part(item, scope) for item in part)
            )
        if isinstance(part, list):
            return [self._part(item, scope) for item in part]
        return part

    def constant(self, node: _Node, _scope: _Scope) -> _Node:
        return node

    def variable(self, node: _Node, scope: _Scope) -> _Node:
        name = node[1]
        if name == "ENV":
            raise UnknownNameError(f"$ENV is not available: {REFUSED['$ENV']}")
        if name not in scope.variables:
            self.free.add(name)
        return node

    def ticking(self, node: _Node, scope: _Scope) -> _Node:
        return ("stigmer.tick", (node[0], *(self._part(part, scope) for part in node[1:])))

    def binop(self, node: _Node, scope: _Scope) -> _Node:
        _, op, left, right = node
        rewritten = ("binop", op, self.visit(left, scope), self.visit(right, scope))
        if op in ("-", "/", "%") or (op != "*" and "const" in (left[0], right[0])):
            return rewritten  # cannot grow, or grows by no more than a constant
        return ("stigmer.binop", *rewritten[1:])

    def text(self, node: _Node, scope: _Scope) -> _Node:
        parts = [p if isinstance(p, str) else ("stigmer.weigh", self.visit(p, scope)) for p in node[2]]
        return ("str", node[1], parts)

    def formatted(self, node: _Node, _scope: _Scope) -> _Node:
        return ("pipe", ("stigmer.weigh", ("identity",)), node)

    def call(self, node: _Node, scope: _Scope) -> _Node:
        _, name, args = node
        key = (name, len(args))
        if key in scope.functions:
            return ("stigmer.call", name, [self.visit(arg, scope) for arg in args])
        if name in REFUSED:
            raise UnknownNameError(f"{name} is not available: {REFUSED[name]}")
        if key == ("now", 0):
            return ("var", NOW_VARIABLE)
        if (key not in _builtins.PY_BUILTINS and key not in _LINEAR) or name.startswith("_"):
            raise UnknownNameError(f"unknown function {name}/{len(args)}")
        return ("stigmer.builtin", name, [self.visit(arg, scope) for arg in args])

    def define(self, node: _Node, scope: _Scope) -> _Node:
        _, name, params, body, rest = node
        with_self = scope.with_functions((name, len(params)))
        plain = [p for p in params if not p.startswith("$")]
        valued = [p[1:] for p in params if p.startswith("$")]
        inner = with_self.with_functions(*((p, 0) for p in plain + valued)).with_variables(set(valued))
        return ("funcdef", name, params, self.visit(body, inner), self.visit(rest, with_self))

    def binding(self, node: _Node, scope: _Scope) -> _Node:
        """`as`, `reduce` and `foreach`: a source, patterns, then filters that see the bound names."""
        tag, source, patterns, *rest = node
        names: set[str] = set()
        for pattern in patterns:
            _pattern_names(pattern, names)
        inner = scope.with_variables(names)
        seen = [self._pattern(pattern, inner) for pattern in patterns]
        source = ("stigmer.tick", self.visit(source, scope))
        if tag == "as":
            return (tag, source, seen, self.visit(rest[0], inner))
        filters = [None if part is None else self.visit(part, inner) for part in rest[1:]]
        return (tag, source, seen, self.visit(rest[0], scope), *filters)

    def _pattern(self, pattern: _Node, scope: _Scope) -> _Node:
        if pattern[0] == "pvar":
            return pattern
        if pattern[0] == "parray":
            return ("parray", [self._pattern(item, scope) for item in pattern[1]])
        entries = [(self.visit(k, scope), self._pattern(p, scope), bound) for k, p, bound in pattern[1]]
        return ("pobject", entries)

    def assign(self, node: _Node, scope: _Scope) -> _Node:
        _, op, left, right = node
        return ("assign", op, ("stigmer.paths", self.visit(left, scope)), self.visit(right, scope))


def _pattern_names(pattern: _Node, names: set[str]) -> None:
    if pattern[0] == "pvar":
        names.add(pattern[1])
    elif pattern[0] == "parray":
        for item in pattern[1]:
            _pattern_names(item, names)
    else:
        for _key, item, bound in pattern[1]:
            if bound is not None:
                names.add(bound)
            _pattern_names(item, names)


_SPECIAL: Final[dict[str, Callable[[_Rewriter, _Node, _Scope], _Node]]] = {
    "const": _Rewriter.constant,
    "loc": _Rewriter.constant,
    "break": _Rewriter.constant,
    "var": _Rewriter.variable,
    "iterate": _Rewriter.ticking,
    "comma": _Rewriter.ticking,
    "object": _Rewriter.ticking,
    "binop": _Rewriter.binop,
    "str": _Rewriter.text,
    "format": _Rewriter.formatted,
    "call": _Rewriter.call,
    "funcdef": _Rewriter.define,
    "as": _Rewriter.binding,
    "reduce": _Rewriter.binding,
    "foreach": _Rewriter.binding,
    "assign": _Rewriter.assign,
}


# --- nodes that pay --------------------------------------------------------------------------------------------


def _compile_tick(ast: _Node) -> _Filter:
    inner = _compiler.compile_v(ast[1])

    def run(value: Json, env: Any) -> Iterator[Json]:
        for result in inner(value, env):
            spend(1)
            yield result

    return run


def _compile_tick_paths(ast: _Node) -> _Filter:
    inner = _compiler.compile_p(ast[1])

    def run(value: Json, path: list[Json], env: Any) -> Iterator[Any]:
        for result in inner(value, path, env):
            spend(1)
            yield result

    return run


def _compile_weigh(ast: _Node) -> _Filter:
    inner = _compiler.compile_v(ast[1])

    def run(value: Json, env: Any) -> Iterator[Json]:
        for result in inner(value, env):
            spend(weigh(result))
            yield result

    return run


def _compile_paths(ast: _Node) -> _Filter:
    """The left side of an update: each path copies every container on its way."""
    inner = _compiler.compile_p(ast[1])

    def run(value: Json, path: list[Json], env: Any) -> Iterator[Any]:
        for found, result in inner(value, path, env):
            spend(1 + _path_cost(value, found))
            yield found, result

    return run


def _path_cost(value: Json, path: list[Json]) -> int:
    cost = 0
    for key in path:
        if isinstance(value, list | dict):
            cost += 1 + len(value) // (128 if isinstance(value, list) else 16)
        if isinstance(key, int | float) and key == key and abs(key) < 1e9:
            cost += int(abs(key)) // 16
        try:
            value = _ops.index_value(value, key)
        except (JqError, ValueError, OverflowError):
            value = None
    return cost


def _compile_binop(ast: _Node) -> _Filter:
    _, op, left, right = ast
    apply = _compiler._binop_fn(op)  # noqa: SLF001 - the seam with the pinned purejq
    left_v, right_v = _compiler.compile_v(left), _compiler.compile_v(right)

    def run(value: Json, env: Any) -> Iterator[Json]:
        for r in right_v(value, env):
            for left_value in left_v(value, env):
                spend(_binop_cost(op, left_value, r))
                yield apply(left_value, r)

    return run


def _binop_cost(op: str, a: Json, b: Json) -> int:
    if op == "*":
        if isinstance(a, int) and isinstance(b, int):
            return 1 + (a.bit_length() * b.bit_length()) // 4096
        for text, count in ((a, b), (b, a)):
            if isinstance(text, str) and isinstance(count, int | float) and count == count:
                return 1 + int(min(len(text) * max(count, 0), 1e12)) // 64
        return weigh(a) + weigh(b) if isinstance(a, dict) else 1
    if op == "+":
        size = sum(len(x) for x in (a, b) if isinstance(x, str | list | dict))
        return 1 + size // (16 if isinstance(a, dict) else 128)
    if isinstance(a, list | dict) and isinstance(b, list | dict):
        return weigh(a) + weigh(b)
    return 1


def _compile_call(ast: _Node) -> _Filter:
    """A call of a function defined in jq; names were bound by the rewriter, so the look-up cannot miss."""
    _, name, args = ast
    key = (name, len(args))
    compiled = _arguments(args)

    def run(value: Json, env: Any) -> Iterator[Json]:
        spend(1)
        function = env.lookup_func(key)
        if isinstance(function, _compiler.FuncVal):
            result: Iterator[Json] = _compiler._call_funcval(function, _close(compiled, env), value, env, "v")  # noqa: SLF001 - the seam
            return result
        found: Iterator[Json] = function.vals(value)
        return found

    return run


def _compile_call_paths(ast: _Node) -> _Filter:
    _, name, args = ast
    key = (name, len(args))
    compiled = _arguments(args)

    def run(value: Json, path: list[Json], env: Any) -> Iterator[Any]:
        spend(1)
        function = env.lookup_func(key)
        if isinstance(function, _compiler.FuncVal):
            closures = _close(compiled, env)
            result: Iterator[Any] = _compiler._call_funcval(function, closures, value, env, "p", path)  # noqa: SLF001 - the seam
            return result
        found: Iterator[Any] = function.paths(value, path)
        return found

    return run


def _compile_builtin(ast: _Node) -> _Filter:
    _, name, args = ast
    key = (name, len(args))
    function = _LINEAR.get(key) or _builtins.PY_BUILTINS[key]
    compiled = _arguments(args)
    price = _PRICES.get(name)
    guard = _GUARDS.get(name)

    def run(value: Json, env: Any) -> Iterator[Json]:
        spend(1 + (price(value) if price else 0))
        closures = _close(compiled, env)
        if guard is not None:
            guard(value, closures)
        for result in function(value, env, *closures):
            spend(1)
            yield result

    return run


def _compile_builtin_paths(ast: _Node) -> _Filter:
    _, name, args = ast
    function = _builtins.PY_BUILTINS_PATH.get((name, len(args)))
    compiled = _arguments(args)

    def run(value: Json, path: list[Json], env: Any) -> Iterator[Any]:
        spend(1)
        if function is None:
            raise JqError(f"Invalid path expression near {name}")
        yield from function(value, path, env, *_close(compiled, env))

    return run


def _arguments(args: list[_Node]) -> list[tuple[Any, Any, Any]]:
    getter = _compiler._single_getter  # noqa: SLF001 - the seam with the pinned purejq
    return [(_compiler.compile_v(arg), _compiler.compile_p(arg), getter(arg)) for arg in args]


def _close(compiled: list[tuple[Any, Any, Any]], env: Any) -> list[Any]:
    return [_compiler.ArgClosure(vfn, pfn, env, getter) for vfn, pfn, getter in compiled]


def _shallow(value: Json) -> int:
    return len(value) // 2 if isinstance(value, str | list | dict) else 0


_DEEP = "from_entries contains indices unique unique_by sort sort_by group_by min max min_by max_by flatten tojson tostring tostream"
_FLAT = "map keys keys_unsorted add join split reverse explode implode fromjson delpaths setpath bsearch has trim test"
_PRICES: Final[dict[str, Callable[[Json], int]]] = {
    **dict.fromkeys(_DEEP.split(), weigh),
    **dict.fromkeys(_FLAT.split(), _shallow),
}

# A group that repeats without bound and holds something that repeats without bound: (a+)+, (.*x)*, ...
_NESTED_QUANTIFIER = re.compile(r"[*+}][^()]*\)(?:[*+]|\{\d*,\d*\})")


def _guard_regex(value: Json, closures: list[Any]) -> None:
    if isinstance(value, str) and len(value) > MAX_REGEX_SUBJECT:
        raise JqError(f"a regular expression may search at most {MAX_REGEX_SUBJECT} characters")
    for pattern in closures[0].vals(value):
        if not isinstance(pattern, str):
            continue
        if len(pattern) > MAX_REGEX_PATTERN:
            raise JqError(f"a regular expression may have at most {MAX_REGEX_PATTERN} characters")
        if _NESTED_QUANTIFIER.search(re.sub(r"\\.|\[[^\]]*\]", "x", pattern)):
            raise JqError(f"the regular expression {pattern!r} repeats a repetition: write it without nesting")


def _guard_pow(value: Json, closures: list[Any]) -> None:
    for exponent in closures[1].vals(value):
        for base in closures[0].vals(value):
            if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
                spend(base.bit_length() * exponent // 64)


def _guard_path(value: Json, closures: list[Any]) -> None:
    for path in closures[0].vals(value):
        if isinstance(path, list):
            spend(_path_cost(value, path))


_GUARDS: Final[dict[str, Callable[[Json, list[Any]], None]]] = {
    **dict.fromkeys(["test", "match", "capture", "scan", "sub", "gsub"], _guard_regex),
    "pow": _guard_pow,
    "setpath": _guard_path,
}


# jq defines these by copying or by recursion, in quadratic time or with a depth limit; here they are loops.


def _from_entries(value: Json, _env: Any) -> Iterator[Json]:
    result: dict[str, Json] = {}
    for entry in _ops.iterate_value(value):
        fields = entry if isinstance(entry, dict) else {}
        key = next((fields[k] for k in _KEY_NAMES if fields.get(k) not in (None, False)), None)
        if key is None:
            key = next((fields[k] for k in _KEY_NAMES if fields.get(k) is False), None)
        text = key if isinstance(key, str) else _builtins.encode(key if fields else entry)
        result[text] = next((fields[k] for k in ("value", "v", "Value", "V") if k in fields), None)
    yield result


_KEY_NAMES: Final = ("key", "k", "name", "Name", "Key", "K")


def _add(value: Json, _env: Any) -> Iterator[Json]:
    items = [item for item in _ops.iterate_value(value) if item is not None] if value is not None else []
    if items and all(isinstance(item, str) for item in items):
        yield "".join(items)
    elif items and all(isinstance(item, list) for item in items):
        yield [element for item in items for element in item]
    elif items and all(isinstance(item, dict) for item in items):
        yield {key: element for item in items for key, element in item.items()}
    else:
        total: Json = None
        for item in items:
            spend(_binop_cost("+", total, item))
            total = _ops.add_values(total, item)
        yield total


def _until(value: Json, _env: Any, condition: Any, update: Any) -> Iterator[Json]:
    while not _ops.truthy(next(condition.vals(value), None)):
        spend(1)
        for value in update.vals(value):  # noqa: B007 - the loop's value is the next state
            break
        else:
            return
    yield value


_LINEAR: Final[dict[tuple[str, int], _Filter]] = {
    ("from_entries", 0): _from_entries,
    ("add", 0): _add,
    ("until", 2): _until,
}

# Additions under names that jq text cannot spell: purejq's own nodes stay as they are.
_compiler._V.update(  # noqa: SLF001 - the seam with the pinned purejq
    {
        "stigmer.tick": _compile_tick,
        "stigmer.weigh": _compile_weigh,
        "stigmer.binop": _compile_binop,
        "stigmer.call": _compile_call,
        "stigmer.builtin": _compile_builtin,
    }
)
_compiler._P.update(  # noqa: SLF001 - the seam with the pinned purejq
    {
        "stigmer.tick": _compile_tick_paths,
        "stigmer.paths": _compile_paths,
        "stigmer.call": _compile_call_paths,
        "stigmer.builtin": _compile_builtin_paths,
    }
)

# --- the prelude: jq's functions that are written in jq, paying like any other ---------------------------------

_prelude: list[Any] = []


def _load_prelude() -> tuple[Any, frozenset[tuple[str, int]]]:
    if not _prelude:
        definitions = {(name, len(params)): (params, body) for name, params, body in _prelude_definitions()}
        scope = _Scope(frozenset(definitions))  # as in jq's own prelude, each function may call all others
        functions = {}
        for key, (params, body) in definitions.items():
            node = _Rewriter(set()).define(("funcdef", key[0], params, body, ("identity",)), scope)
            functions[key] = _compiler.FuncVal(params, node[3], frozenset())
        root = _compiler.Env(vars={}, funcs=functions)
        for function in functions.values():
            function.env = root
        _prelude.append((root, scope.functions))
    loaded: tuple[Any, frozenset[tuple[str, int]]] = _prelude[0]
    return loaded


def _prelude_definitions() -> Iterator[tuple[str, list[str], _Node]]:
    node = parse(PRELUDE)
    while node[0] == "funcdef":
        _, name, params, body, node = node
        if name not in REFUSED and (name, len(params)) not in _LINEAR:
            yield name, params, body


def _root() -> Any:
    return _load_prelude()[0]


def _prelude_names() -> frozenset[tuple[str, int]]:
    return _load_prelude()[1]
