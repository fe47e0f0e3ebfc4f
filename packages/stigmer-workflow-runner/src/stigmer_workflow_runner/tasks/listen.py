"""`listen`: takes events from the run's inbox until its strategy is fulfilled.

Frame: `lid` is the listener's id in the inbox, `got` the outputs so far, `keys` the values of correlations, `met` the
filters of `all` that have their event, `ukeys` and `umet` the same of the `until` events, `cur` an event on which
`foreach` is at work with its list frame `b`, and `over` whether that event is the last.
"""

from __future__ import annotations

from collections.abc import Mapping

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import END
from stigmer_api.dsl.strategies import ANY_EVENT, Strategy
from stigmer_api.dsl.tasks.listen import Foreach, Listen
from stigmer_workflow_runner import schemas
from stigmer_workflow_runner.events import Keys, as_read, matches
from stigmer_workflow_runner.flow import Outcome, run_list
from stigmer_workflow_runner.inbox import Entry
from stigmer_workflow_runner.runtime import Drain
from stigmer_workflow_runner.state import Frame
from stigmer_workflow_runner.step import Step


async def run_listen(listen: Listen, step: Step) -> Outcome:
    """Consume until it is over. What others consumed before it began is not seen; what nobody did is."""
    inbox, frame = step.runtime.inbox, step.frame
    if "lid" not in frame:
        frame.update(lid=inbox.join(), got=[], keys={}, met=[], ukeys={}, umet=[])
    listener = frame["lid"]
    try:
        outcome = await _consume(listen, step, listener)
    except Drain:
        raise
    except BaseException:
        inbox.leave(listener)
        raise
    inbox.leave(listener)
    step.engine.observer.correlated(step.task, step.scope, {**frame["keys"], **frame["ukeys"]})
    return outcome


async def _consume(listen: Listen, step: Step, listener: str) -> Outcome:
    inbox, frame = step.runtime.inbox, step.frame
    while True:
        if "cur" in frame:
            outcome = await _each(listen, step)
            if outcome is not None:
                return outcome
        await step.engine.safe_point()  # not after a look: an event that was looked at is used at once
        entry = inbox.look(listener)
        if entry is None:
            await step.runtime.wait_for(lambda: inbox.has_news(listener))
            continue
        ends = _ends(listen.to, step, entry)
        if ends:
            return Outcome(frame["got"])
        if ends is None:
            _take(listen, step, entry)


def _take(listen: Listen, step: Step, entry: Entry) -> None:
    """Consume the event when it is one of those that are wanted."""
    frame, to, event = step.frame, listen.to, entry["event"]
    if to.mode == "all":
        index = _first_match(to, step, event, frame["met"], frame["keys"])
        if index is None:
            return
        frame["met"].append(index)
        over = len(frame["met"]) == len(to.filters)
    else:
        filters = to.filters or (ANY_EVENT,)
        if not any(matches(wanted, event, step, frame["keys"]) for wanted in filters):
            return
        over = to.until is None and to.until_events is None
    step.runtime.inbox.take(entry)
    frame["cur"], frame["over"] = as_read(event, listen.read), over


def _first_match(to: Strategy, step: Step, event: Mapping[str, Json], met: list[int], keys: Keys) -> int | None:
    """The first filter without an event that this one fits."""
    return next((i for i, f in enumerate(to.filters) if i not in met and matches(f, event, step, keys)), None)


def _ends(to: Strategy, step: Step, entry: Entry) -> bool | None:
    """Whether the event is the last one that `until` waits for; None when it is none of those.

    Such events are consumed and not part of the output.
    """
    until, frame = to.until_events, step.frame
    if until is None:
        return None
    if until.mode == "all":
        index = _first_match(until, step, entry["event"], frame["umet"], frame["ukeys"])
        if index is None:
            return None
        frame["umet"].append(index)
        step.runtime.inbox.take(entry)
        return len(frame["umet"]) == len(until.filters)
    filters = until.filters or (ANY_EVENT,)
    if not any(matches(wanted, entry["event"], step, frame["ukeys"]) for wanted in filters):
        return None
    step.runtime.inbox.take(entry)
    return True


async def _each(listen: Listen, step: Step) -> Outcome | None:
    """Work on the current event; the outcome when it was the last one."""
    frame = step.frame
    result, then = frame["cur"], None
    if listen.foreach is not None:
        outcome = await iterate(listen.foreach, step)
        result, then = outcome.output, outcome.then
    frame["got"].append(result)
    over = frame["over"]
    for key in ("cur", "over", "b"):
        frame.pop(key, None)
    if then == END:
        return Outcome(frame["got"], END)
    if listen.to.until is not None:
        over = step.test(listen.to.until, frame["got"])
    return Outcome(frame["got"]) if over else None


async def iterate(foreach: Foreach, step: Step) -> Outcome:
    """Run `foreach` on the current event: its tasks, then `output.as` and `export.as`."""
    frame: Frame = step.frame
    event, number = frame["cur"], len(frame["got"])
    scope = step.scope.bind({foreach.item: event, foreach.at: number}, number)
    outcome = Outcome(event)
    if foreach.tasks is not None:
        outcome = await run_list(step.engine, foreach.tasks, frame.setdefault("b", {}), event, scope)
    inner = Step(step.engine, step.task, frame, event, scope)
    output = outcome.output if foreach.output_as is None else inner.filter(foreach.output_as, outcome.output)
    await schemas.hold(inner, foreach.output_schema, output, "foreach.output")
    exported = inner.context
    if foreach.export_as is not None:
        exported = inner.binding(output=output).filter(foreach.export_as, output)
    await schemas.hold(inner, foreach.export_schema, exported, "foreach.export")
    inner.context = exported
    return Outcome(output, outcome.then)
