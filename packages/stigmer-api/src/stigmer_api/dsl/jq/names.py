"""Binds the names of a jq program and rewrites it so that it pays for its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from purejq.errors import JqError

from stigmer_api.dsl.errors import DslError
from stigmer_api.dsl.jq.linear import LINEAR
from stigmer_api.dsl.jq.regex import compile_regex
from stigmer_api.dsl.jq.seam import Node, builtins

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

REGULAR: Final = {"test": 2, "match": 2, "capture": 2, "scan": 2, "split": 2, "sub": 3, "gsub": 3}
"""Functions whose first argument is a regular expression, and how many they have when the last one is its flags."""

NOW_VARIABLE: Final = "$now"  # no expression can spell this name, so only `now` reads it


class UnknownNameError(DslError):
    """An expression uses a function or variable that does not exist here."""


@dataclass(frozen=True, slots=True)
class Scope:
    functions: frozenset[tuple[str, int]]
    variables: frozenset[str] = frozenset()

    def with_variables(self, names: set[str]) -> Scope:
        return Scope(self.functions, self.variables | names)

    def with_functions(self, *keys: tuple[str, int]) -> Scope:
        return Scope(self.functions | set(keys), self.variables)


class Rewriter:
    """Rewrites an AST so that it pays for its work, and binds its names."""

    def __init__(self, free_variables: set[str]) -> None:
        self.free = free_variables

    def visit(self, node: Node, scope: Scope) -> Node:
        special = _SPECIAL.get(node[0])
        if special is not None:
            return special(self, node, scope)
        return (node[0], *(self._part(part, scope) for part in node[1:]))

    def _part(self, part: Any, scope: Scope) -> Any:
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

    def constant(self, node: Node, _scope: Scope) -> Node:
        return node

    def variable(self, node: Node, scope: Scope) -> Node:
        name = node[1]
        if name == "ENV":
            raise UnknownNameError(f"$ENV is not available: {REFUSED['$ENV']}")
        if name not in scope.variables:
            self.free.add(name)
        return node

    def ticking(self, node: Node, scope: Scope) -> Node:
        return ("stigmer.tick", (node[0], *(self._part(part, scope) for part in node[1:])))

    def binop(self, node: Node, scope: Scope) -> Node:
        _, op, left, right = node
        rewritten = ("binop", op, self.visit(left, scope), self.visit(right, scope))
        if op in ("-", "/", "%") or (op != "*" and "const" in (left[0], right[0])):
            return rewritten  # cannot grow, or grows by no more than a constant
        return ("stigmer.binop", *rewritten[1:])

    def text(self, node: Node, scope: Scope) -> Node:
        parts = [p if isinstance(p, str) else ("stigmer.weigh", self.visit(p, scope)) for p in node[2]]
        return ("str", node[1], parts)

    def formatted(self, node: Node, _scope: Scope) -> Node:
        return ("pipe", ("stigmer.weigh", ("identity",)), node)

    def call(self, node: Node, scope: Scope) -> Node:
        _, name, args = node
        key = (name, len(args))
        if key in scope.functions:
            return ("stigmer.call", name, [self.visit(arg, scope) for arg in args])
        if name in REFUSED:
            raise UnknownNameError(f"{name} is not available: {REFUSED[name]}")
        if key == ("now", 0):
            return ("var", NOW_VARIABLE)
        if (key not in builtins.PY_BUILTINS and key not in LINEAR) or name.startswith("_"):
            raise UnknownNameError(f"unknown function {name}/{len(args)}")
        if name in REGULAR and args[0][0] == "const" and key != ("split", 1):
            _check_pattern(args[0][1], args[-1] if len(args) == REGULAR[name] else None)
        return ("stigmer.builtin", name, [self.visit(arg, scope) for arg in args])

    def define(self, node: Node, scope: Scope) -> Node:
        _, name, params, body, rest = node
        with_self = scope.with_functions((name, len(params)))
        plain = [p for p in params if not p.startswith("$")]
        valued = [p[1:] for p in params if p.startswith("$")]
        inner = with_self.with_functions(*((p, 0) for p in plain + valued)).with_variables(set(valued))
        return ("funcdef", name, params, self.visit(body, inner), self.visit(rest, with_self))

    def binding(self, node: Node, scope: Scope) -> Node:
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

    def _pattern(self, pattern: Node, scope: Scope) -> Node:
        if pattern[0] == "pvar":
            return pattern
        if pattern[0] == "parray":
            return ("parray", [self._pattern(item, scope) for item in pattern[1]])
        entries = [(self.visit(k, scope), self._pattern(p, scope), bound) for k, p, bound in pattern[1]]
        return ("pobject", entries)

    def assign(self, node: Node, scope: Scope) -> Node:
        _, op, left, right = node
        return ("assign", op, ("stigmer.paths", self.visit(left, scope)), self.visit(right, scope))


def _check_pattern(pattern: Any, flags: Node | None) -> None:
    """A pattern that is written out is judged when the document is read."""
    given = flags[1] if flags is not None and flags[0] == "const" else None
    try:
        compile_regex(pattern, given if isinstance(given, str) else None)
    except JqError as error:
        raise UnknownNameError(str(error)) from error


def _pattern_names(pattern: Node, names: set[str]) -> None:
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


_SPECIAL: Final[dict[str, Callable[[Rewriter, Node, Scope], Node]]] = {
    "const": Rewriter.constant,
    "loc": Rewriter.constant,
    "break": Rewriter.constant,
    "var": Rewriter.variable,
    "iterate": Rewriter.ticking,
    "comma": Rewriter.ticking,
    "object": Rewriter.ticking,
    "binop": Rewriter.binop,
    "str": Rewriter.text,
    "format": Rewriter.formatted,
    "call": Rewriter.call,
    "funcdef": Rewriter.define,
    "as": Rewriter.binding,
    "reduce": Rewriter.binding,
    "foreach": Rewriter.binding,
    "assign": Rewriter.assign,
}
