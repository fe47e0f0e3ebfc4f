"""The script format: YAML text to typed cases and turns, with errors that name the field and the line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stigmer_agent_runner.engine.scripted.nodes import Node, load
from stigmer_agent_runner.engine.scripted.templates import check_templates
from stigmer_agent_runner.errors import ScriptError

VERSION = 1
_ASKS = "the script says that this call needs approval"
_MAX_DELAY_MS = 60_000


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of a turn; texts in `args` may hold templates. approval: why it asks a person; empty: it does not,
    unless the tool itself does."""

    tool: str
    args: Mapping[str, Any] = field(default_factory=dict)
    approval: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """An injected fault of the model. times: attempts that fail, None for every attempt."""

    status: int
    times: int | None = None
    retry_after: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the model. delay_ms: pause before each word. expect: tool name to pattern."""

    say: str = ""
    calls: tuple[Call, ...] = ()
    expect: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    delay_ms: int = 0
    usage: tuple[int, int] = (0, 0)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """Turns for user messages that hold every text of `contains` (any case) and match `matches`."""

    name: str
    turns: tuple[Turn, ...]
    contains: tuple[str, ...] = ()
    matches: re.Pattern[str] | None = None
    agent: str = ""
    """Name of the sub-agent that it is for; empty: for the agent itself."""

    def takes(self, message: str, agent: str = "") -> bool:
        """Whether this case answers `message`, given to a sub-agent or, without name, to the agent itself."""
        if self.agent != agent:
            return False
        folded = message.casefold()
        if not all(text.casefold() in folded for text in self.contains):
            return False
        return self.matches is None or self.matches.search(message) is not None


@dataclass(frozen=True, slots=True)
class Script:
    """Cases in order; the first that takes the user message answers it."""

    cases: tuple[Case, ...]

    def case_for(self, message: str, agent: str = "") -> Case:
        """Return the case that answers `message`; ScriptError when none does. agent: name of the sub-agent asked."""
        for case in self.cases:
            if case.takes(message, agent):
                return case
        names = ", ".join(case.name for case in self.cases if case.agent == agent) or "none"
        if agent:
            raise ScriptError(
                f"no case of the script takes this task of the sub-agent {agent!r} (its cases: {names}); add a"
                f" case with `on: {{agent: {agent}}}`"
            )
        raise ScriptError(
            f"no case of the script takes this message (cases: {names}); add a case without `on` as the default"
        )


def parse_script(text: str) -> Script:
    """Parse a script; ScriptError names the first broken field and its line."""
    top = load(text, "script")
    top.only("version", "cases", "delay_ms")
    if top.get("version", int) != VERSION:
        raise top.error("version", f"must be {VERSION}")
    delay = _delay(top, 0)
    cases = top.items("cases")
    if not cases:
        raise top.error("cases", "needs at least one case")
    return Script(tuple(_case(item, delay) for item in cases))


def _case(node: Node, delay: int) -> Case:
    node.only("name", "on", "turns", "delay_ms")
    delay = _delay(node, delay)
    contains: tuple[str, ...] = ()
    matches: re.Pattern[str] | None = None
    agent = ""
    if node.has("on"):
        on = node.map("on")
        on.only("user_contains", "user_matches", "agent")
        agent = on.get("agent", str, "")
        contains = on.texts("user_contains")
        pattern = on.get("user_matches", str, "")
        try:
            matches = re.compile(pattern) if pattern else None
        except re.error as error:
            raise on.error("user_matches", f"is not a valid regular expression: {error}") from error
    return Case(node.get("name", str, node.path), _turns(node, delay), contains, matches, agent)


def _turns(node: Node, delay: int) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    faults: tuple[Fault, ...] = ()
    for item in node.items("turns"):
        turn = _turn(item, delay, faults)
        faults = ()
        if not turn.say and not turn.calls and turn.faults and turn.faults[-1].times is not None:
            faults = turn.faults  # a fault that passes stands in front of the turn after it
            continue
        if turns and not turns[-1].calls:
            raise item.error("", "can never run: the turn before it calls no tool, so the answer is complete there")
        turns.append(turn)
    if not turns:
        raise node.error("turns", "needs at least one turn that says something or calls a tool")
    if faults:
        raise node.error("turns", "ends with a fault that passes; add a turn with `say` after it")
    if turns[-1].calls:
        raise node.error("turns", "ends with a tool call; add a turn with `say` for what comes after the tool")
    return tuple(turns)


def _turn(node: Node, delay: int, faults: tuple[Fault, ...]) -> Turn:
    node.only("say", "call", "expect_tool", "error", "delay_ms", "usage")
    if node.has("error"):
        faults = (*faults, _fault(node.map("error")))
    say = node.get("say", str, "")
    _check_templates(node, "say", say)
    calls = tuple(_call(item) for item in node.items("call")) if node.has("call") else ()
    if not say and not calls and not node.has("error"):
        raise node.error("", "needs `say`, `call` or `error`")
    usage = (0, 0)
    if node.has("usage"):
        counts = node.map("usage")
        counts.only("in", "out")
        usage = (counts.get("in", int, 0), counts.get("out", int, 0))
    expect = {}
    if node.has("expect_tool"):
        expected = node.map("expect_tool")
        expect = {name: expected.get(name, str) for name in expected.keys()}  # noqa: SIM118 - not a dict
    return Turn(say, calls, expect, faults, _delay(node, delay), usage, node.line)


def _call(node: Node) -> Call:
    node.only("tool", "args", "approval")
    args = node.map("args").plain() if node.has("args") else {}
    _check_templates(node, "args", args)
    asks = node.get("approval", (bool, str), False)
    return Call(node.get("tool", str), args, asks if isinstance(asks, str) else _ASKS if asks else "")


def _fault(node: Node) -> Fault:
    node.only("status", "times", "retry_after", "message")
    status = node.get("status", int)
    if not 400 <= status <= 599:
        raise node.error("status", "must be an HTTP error status, 400 to 599")
    times = node.get("times", int) if node.has("times") else None
    if times is not None and times < 1:
        raise node.error("times", "must be 1 or more; leave it out for a fault that never passes")
    retry_after = float(node.get("retry_after", (int, float))) if node.has("retry_after") else None
    return Fault(status, times, retry_after, node.get("message", str, ""))


def _delay(node: Node, default: int) -> int:
    delay = int(node.get("delay_ms", int, default))
    if not 0 <= delay <= _MAX_DELAY_MS:
        raise node.error("delay_ms", f"must be 0 to {_MAX_DELAY_MS} milliseconds")
    return delay


def _check_templates(node: Node, key: str, value: Any) -> None:
    problem = check_templates(value)
    if problem:
        raise node.error(key, problem)
