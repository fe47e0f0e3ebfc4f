"""Waiting for another execution, shared by `call: agent` and `run: workflow`.

An activity creates it (once, by its key), then the workflow waits for the server's signal and holds no slot.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.errors import Fault, error_object
from stigmer_workflow_runner.runtime import Call, DeadlineReachedError
from stigmer_workflow_runner.step import Step

AGENT, WORKFLOW = "agent", "workflow"
START, READ, CANCEL = "start_child", "read_child", "cancel_child"


@dataclass(frozen=True, slots=True)
class Child:
    """A child execution to be: its kind and what the activity needs to create it."""

    kind: str
    argument: dict[str, Json]
    label: str

    async def run(self, step: Step, *, wait: bool = True) -> Json:
        """Start it and, with `wait`, wait for its output. Raises `Fault` when it does not complete.

        When the wait is cancelled or times out, the child is cancelled too.
        """
        frame, runtime = step.frame, step.runtime
        frame.setdefault("key", runtime.uuid())
        if "id" not in frame:
            argument = {**self.argument, "kind": self.kind, "key": frame["key"], "task": step.task.name, "wait": wait}
            started = await runtime.execute(Call(START, argument, repeatable=True, summary=self.label))
            frame["id"] = started["id"]
            step.engine.observer.child_started(step.task, runtime.now(), self.kind, frame["id"])
        if not wait:
            return step.given
        target: dict[str, Json] = {"kind": self.kind, "id": frame["id"]}
        try:
            result = await self._result(step, target)
        except (asyncio.CancelledError, DeadlineReachedError):
            await runtime.cleanup(Call(CANCEL, target, repeatable=True))
            raise
        step.engine.observer.child_ended(step.task, (frame["began"], runtime.now()), self.kind, result)
        if result["phase"] != "COMPLETED":
            reason = result.get("error") or f"it ended as {result['phase']}"
            detail = f"{self.label} ({frame['id']}): {reason}"
            raise Fault(error_object("runtime", detail, title=f"{self.kind.capitalize()} execution failed"))
        return result["output"]

    async def _result(self, step: Step, target: dict[str, Json]) -> dict[str, Json]:
        while True:
            await step.runtime.child_finished(target["id"])
            result: dict[str, Json] = await step.runtime.execute(Call(READ, target, repeatable=True))
            if result["terminal"]:
                return result
