"""`run`: another workflow as an execution of its own, or a process. Processes have a file of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child, listed
from stigmer_api.dsl.reader import Reader
from stigmer_api.dsl.tasks.run_process import RunProcess, read_process

PROCESSES: Final = ("container", "script", "shell")
KINDS: Final = (*PROCESSES, "workflow")


@dataclass(frozen=True, slots=True)
class RunWorkflow:
    """The workflow to run: `name` is its slug in the execution's organisation, `version` a version or `latest`."""

    name: str
    version: str
    input: Template
    wait: bool = True


class RunType:
    """Reads `run`."""

    keys = ("run",)

    def read(
        self, reader: Reader, name: str, fields: Mapping[str, Json], pointer: str
    ) -> tuple[str, RunWorkflow | RunProcess | None]:
        """Compile what is run."""
        place = child(pointer, "run")
        found = reader.fields(fields["run"], place, (*KINDS, "await", "return"))
        kinds = [kind for kind in KINDS if kind in found]
        if len(kinds) != 1:
            reader.problem(place, f"the task {name!r} needs exactly one of {listed(KINDS)}")
            return "run", None
        if kinds[0] in PROCESSES:
            return f"run {kinds[0]}", read_process(reader, kinds[0], found, place)
        return "run workflow", _read_workflow(reader, found, place)


def _read_workflow(reader: Reader, found: Mapping[str, Json], place: str) -> RunWorkflow:
    if "return" in found:
        reader.problem(child(place, "return"), "'return' is for processes: a workflow gives its output")
    where = child(place, "workflow")
    keys = ("namespace", "name", "version", "input")
    workflow = reader.fields(found["workflow"], where, keys, required=("namespace", "name", "version"))
    texts = {
        key: reader.text(workflow[key], child(where, key)) if key in workflow else ""
        for key in ("namespace", "name", "version")
    }
    if not isinstance(workflow.get("input", {}), Mapping | str):
        reader.problem(child(where, "input"), "must be an object or an expression that gives one")
    return RunWorkflow(
        name=texts["name"],
        version=texts["version"],
        input=reader.template(workflow.get("input", {}), child(where, "input")),
        wait=reader.flag(found["await"], child(place, "await")) if "await" in found else True,
    )
