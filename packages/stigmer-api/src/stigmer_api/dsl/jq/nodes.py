"""The nodes that the rewriter puts in: how each is compiled, and what it pays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.jq.costs import GUARDS, PRICES, binop_cost, checked_number, path_cost, spend, weigh
from stigmer_api.dsl.jq.linear import LINEAR
from stigmer_api.dsl.jq.regex import compile_regex
from stigmer_api.dsl.jq.seam import Filter, Node, builtins, compiler, jq_error


def _compile_tick(ast: Node) -> Filter:
    inner = compiler.compile_v(ast[1])

    def run(value: Json, env: Any) -> Iterator[Json]:
        for result in inner(value, env):
            spend(1)
            yield result

    return run


def _compile_tick_paths(ast: Node) -> Filter:
    inner = compiler.compile_p(ast[1])

    def run(value: Json, path: list[Json], env: Any) -> Iterator[Any]:
        for result in inner(value, path, env):
            spend(1)
            yield result

    return run


def _compile_weigh(ast: Node) -> Filter:
    inner = compiler.compile_v(ast[1])

    def run(value: Json, env: Any) -> Iterator[Json]:
        for result in inner(value, env):
            spend(weigh(result))
            yield result

    return run


def _compile_paths(ast: Node) -> Filter:
    """The left side of an update: each path copies every container on its way."""
    inner = compiler.compile_p(ast[1])

    def run(value: Json, path: list[Json], env: Any) -> Iterator[Any]:
        for found, result in inner(value, path, env):
            spend(1 + path_cost(value, found))
            yield found, result

    return run


def _compile_binop(ast: Node) -> Filter:
    _, op, left, right = ast
    apply = compiler._binop_fn(op)  # noqa: SLF001 - the seam with the pinned purejq
    left_v, right_v = compiler.compile_v(left), compiler.compile_v(right)

    def run(value: Json, env: Any) -> Iterator[Json]:
        for r in right_v(value, env):
            for left_value in left_v(value, env):
                spend(binop_cost(op, left_value, r))
                yield checked_number(apply(left_value, r))

    return run


def _compile_call(ast: Node) -> Filter:
    """A call of a function defined in jq; names were bound by the rewriter, so the look-up cannot miss."""
    _, name, args = ast
    key = (name, len(args))
    compiled = _arguments(args)

    def run(value: Json, env: Any) -> Iterator[Json]:
        spend(1)
        function = env.lookup_func(key)
        if isinstance(function, compiler.FuncVal):
            result: Iterator[Json] = compiler._call_funcval(function, _close(compiled, env), value, env, "v")  # noqa: SLF001 - the seam
            return result
        found: Iterator[Json] = function.vals(value)
        return found

    return run


def _compile_call_paths(ast: Node) -> Filter:
    _, name, args = ast
    key = (name, len(args))
    compiled = _arguments(args)

    def run(value: Json, path: list[Json], env: Any) -> Iterator[Any]:
        spend(1)
        function = env.lookup_func(key)
        if isinstance(function, compiler.FuncVal):
            closures = _close(compiled, env)
            result: Iterator[Any] = compiler._call_funcval(function, closures, value, env, "p", path)  # noqa: SLF001 - the seam
            return result
        found: Iterator[Any] = function.paths(value, path)
        return found

    return run


def _compile_builtin(ast: Node) -> Filter:
    _, name, args = ast
    key = (name, len(args))
    function = LINEAR.get(key) or builtins.PY_BUILTINS[key]
    compiled = _arguments(args)
    price = PRICES.get(name)
    guard = GUARDS.get(name)

    def run(value: Json, env: Any) -> Iterator[Json]:
        spend(1 + (price(value) if price else 0))
        closures = _close(compiled, env)
        if guard is not None:
            guard(value, closures)
        for result in function(value, env, *closures):
            spend(1)
            yield result

    return run


def _compile_builtin_paths(ast: Node) -> Filter:
    _, name, args = ast
    function = builtins.PY_BUILTINS_PATH.get((name, len(args)))
    compiled = _arguments(args)

    def run(value: Json, path: list[Json], env: Any) -> Iterator[Any]:
        spend(1)
        if function is None:
            raise jq_error(f"Invalid path expression near {name}")
        yield from function(value, path, env, *_close(compiled, env))

    return run


def _arguments(args: list[Node]) -> list[tuple[Any, Any, Any]]:
    getter = compiler._single_getter  # noqa: SLF001 - the seam with the pinned purejq
    return [(compiler.compile_v(arg), compiler.compile_p(arg), getter(arg)) for arg in args]


def _close(compiled: list[tuple[Any, Any, Any]], env: Any) -> list[Any]:
    return [compiler.ArgClosure(vfn, pfn, env, getter) for vfn, pfn, getter in compiled]


def register() -> None:
    """Teach purejq's compiler these nodes, under names that jq text cannot spell; its own stay as they are.

    Regular expressions alone are replaced: purejq's own could run for hours.
    """
    builtins._compile_regex = compile_regex  # noqa: SLF001 - the seam with the pinned purejq
    compiler._V.update(  # noqa: SLF001 - the seam with the pinned purejq
        {
            "stigmer.tick": _compile_tick,
            "stigmer.weigh": _compile_weigh,
            "stigmer.binop": _compile_binop,
            "stigmer.call": _compile_call,
            "stigmer.builtin": _compile_builtin,
        }
    )
    compiler._P.update(  # noqa: SLF001 - the seam with the pinned purejq
        {
            "stigmer.tick": _compile_tick_paths,
            "stigmer.paths": _compile_paths,
            "stigmer.call": _compile_call_paths,
            "stigmer.builtin": _compile_builtin_paths,
        }
    )
