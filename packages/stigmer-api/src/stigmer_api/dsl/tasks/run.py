"""`run: workflow`: another workflow as an execution of its own. Containers, scripts and shells are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import NOT_YET, Reader


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
    ) -> tuple[str, RunWorkflow | None]:
        """Compile `run.workflow`."""
        place = child(pointer, "run")
        found = reader.fields(fields["run"], place, ("workflow", "container", "script", "shell", "await", "return"))
        for kind in ("container", "script", "shell"):
            if kind in found:
                reader.problem(child(place, kind), f"the task {name!r} runs a {kind}, which {NOT_YET}")
                return f"run {kind}", None
        if "return" in found:
            reader.problem(child(place, "return"), "'return' is for processes: a workflow gives its output")
        if "workflow" not in found:
            reader.problem(place, "needs 'workflow'")
            return "run workflow", None
        where = child(place, "workflow")
        keys = ("namespace", "name", "version", "input")
        workflow = reader.fields(found["workflow"], where, keys, required=("namespace", "name", "version"))
        texts = {
            key: reader.text(workflow[key], child(where, key)) if key in workflow else ""
            for key in ("namespace", "name", "version")
        }
        return "run workflow", RunWorkflow(
            name=texts["name"],
            version=texts["version"],
            input=reader.template(workflow.get("input", {}), child(where, "input")),
            wait=reader.flag(found["await"], child(place, "await")) if "await" in found else True,
        )
