"""Temporal's sandbox around all of the runner's own code: whatever of it asks for the clock, for chance, for a file or
for the environment while a workflow runs is refused, wherever it stands.

The worker itself runs workflows without a sandbox, because one reads the modules anew for every run.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import (
    RestrictedWorkflowAccessError,
    SandboxedWorkflowRunner,
    SandboxRestrictions,
)

from stigmer_workflow_runner.await_events import WorkflowAwaitRun
from stigmer_workflow_runner.fire import WorkflowFireRun
from stigmer_workflow_runner.payloads import DATA_CONVERTER
from stigmer_workflow_runner.workflow import WorkflowExecutionRun

THIRD_PARTY = ("google", "jsonschema_rs", "re2", "ruamel")
"""Not purejq: our seam changes it, and the one outside must not get what was read inside."""


def strict() -> SandboxedWorkflowRunner:
    """Every module of ours is read anew and guarded; libraries are not."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*THIRD_PARTY))


def replayer(runner: Any) -> Replayer:
    workflows = [WorkflowExecutionRun, WorkflowFireRun, WorkflowAwaitRun]
    # Debugging: no step is given up after two seconds, which a busy machine may need to read all modules anew.
    return Replayer(workflows=workflows, workflow_runner=runner, data_converter=DATA_CONVERTER, debug_mode=True)


class Probe(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives `module` to whoever reads it anew, as the sandbox does, with lines after `place` that ask the world.

    `asked` has the expressions that were evaluated; `refused` those of them that the sandbox did not allow.
    """

    def __init__(self, module: str, place: str, expressions: Sequence[str]) -> None:
        self.asked: set[str] = set()
        self.refused: set[str] = set()
        self._module, self._place = module, place
        asking = "".join(f"    ask_the_world(lambda: {text}, {text!r})\n" for text in expressions)
        self._replaced = f"{place}\n{asking}"

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> Any:
        if name != self._module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec is not None
        self._origin = str(spec.origin)
        spec.loader = self
        return spec

    def exec_module(self, module: Any) -> None:
        source = Path(self._origin).read_text(encoding="utf-8")
        assert source.count(self._place) == 1, f"{self._module} has no {self._place!r} any more"
        module.__dict__["ask_the_world"] = self._ask
        exec(compile(source.replace(self._place, self._replaced), self._origin, "exec"), module.__dict__)

    def _ask(self, work: Callable[[], object], text: str) -> None:
        self.asked.add(text)
        try:
            work()
        except RestrictedWorkflowAccessError:
            self.refused.add(text)

    @contextmanager
    def active(self) -> Iterator[None]:
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            sys.meta_path.remove(self)
