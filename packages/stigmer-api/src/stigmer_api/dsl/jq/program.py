"""Compiles and runs jq programs on a budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.jq.costs import BUDGET, budget
from stigmer_api.dsl.jq.linear import LINEAR
from stigmer_api.dsl.jq.names import NOW_VARIABLE, REFUSED, Rewriter, Scope
from stigmer_api.dsl.jq.nodes import register
from stigmer_api.dsl.jq.seam import PRELUDE, Filter, Node, compiler, parse

register()


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled jq program. `variables` are the names it needs from outside."""

    run: Filter
    variables: frozenset[str]

    def first(self, value: Json, variables: dict[str, Json], now: float) -> tuple[Json, int]:
        """The first result (None when there is none) and the units it cost."""
        cell = [BUDGET]
        token = budget.set(cell)
        env = compiler.Env(parent=_root(), vars={NOW_VARIABLE: now})
        env = compiler.Env(parent=env, vars=variables)
        try:
            for result in self.run(value, env):
                return result, BUDGET - cell[0]
            return None, BUDGET - cell[0]
        finally:
            budget.reset(token)


def compile_program(source: str) -> Program:
    """Compile jq text.

    Raises:
        UnknownNameError: it calls what does not exist or is refused.
        purejq.JqParseError: it is not jq.
    """
    rewriter = Rewriter(free_variables=set())
    node = rewriter.visit(parse(source), Scope(functions=_prelude_names()))
    return Program(compiler.compile_v(node), frozenset(rewriter.free))


_prelude: list[Any] = []


def _load_prelude() -> tuple[Any, frozenset[tuple[str, int]]]:
    if not _prelude:
        definitions = {(name, len(params)): (params, body) for name, params, body in _prelude_definitions()}
        scope = Scope(frozenset(definitions))  # as in jq's own prelude, each function may call all others
        functions = {}
        for key, (params, body) in definitions.items():
            node = Rewriter(set()).define(("funcdef", key[0], params, body, ("identity",)), scope)
            functions[key] = compiler.FuncVal(params, node[3], frozenset())
        root = compiler.Env(vars={}, funcs=functions)
        for function in functions.values():
            function.env = root
        _prelude.append((root, scope.functions))
    loaded: tuple[Any, frozenset[tuple[str, int]]] = _prelude[0]
    return loaded


def _prelude_definitions() -> Iterator[tuple[str, list[str], Node]]:
    node = parse(PRELUDE)
    while node[0] == "funcdef":
        _, name, params, body, node = node
        if name not in REFUSED and (name, len(params)) not in LINEAR:
            yield name, params, body


def _root() -> Any:
    return _load_prelude()[0]


def _prelude_names() -> frozenset[tuple[str, int]]:
    return _load_prelude()[1]
