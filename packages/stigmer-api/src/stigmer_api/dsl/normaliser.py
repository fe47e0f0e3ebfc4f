"""Uploaded tasks (`WorkflowTask.kind` with a config) as a document of the DSL, so that both run as the same tree.

What the runner cannot do yet is refused by name, at the task that asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stigmer_api.dsl.compensation import jumps_out, undone
from stigmer_api.dsl.errors import ERROR_BASE, STATUS_BY_KIND, Json, canonical_type
from stigmer_api.dsl.problems import DocumentInvalidError, Problem, child
from stigmer_api.dsl.uploaded_judging import agent_call, evaluation, llm_call, transform, validate
from stigmer_api.dsl.uploaded_sending import activity_call, emit_event, grpc_call, notification
from stigmer_api.dsl.uploaded_waiting import fork, human_input, listen

# Names of the wire's enum, by number: inside a config, nested tasks may carry either.
KINDS: Final[Mapping[int, str]] = {
    1: "set_vars",
    2: "http_call",
    3: "grpc_call",
    4: "activity_call",
    5: "switch_case",
    6: "for_each",
    7: "fork",
    8: "try_catch",
    9: "listen",
    10: "wait",
    11: "raise_error",
    12: "run_workflow",
    13: "agent_call",
    14: "llm_call",
    15: "transform",
    16: "human_input",
    17: "validate",
    18: "emit_event",
    19: "notification",
    20: "eval",
}


@dataclass(frozen=True, slots=True)
class Normalised:
    """The DSL document of uploaded tasks, what it could not say, and where each part of it comes from.

    `places` gives the pointer in the spec of pointers in `value`: a task, or a field that has another name there.
    """

    value: dict[str, Json]
    problems: tuple[Problem, ...]
    places: Mapping[str, str]

    def place(self, pointer: str) -> str:
        """The pointer in the spec of a pointer in the document: the nearest one that is known, and what is below."""
        outer = pointer
        while outer and outer not in self.places:
            outer = outer.rpartition("/")[0]
        return self.places.get(outer, "") + pointer[len(outer) :]


def normalise(spec: Mapping[str, Json]) -> dict[str, Json]:
    """The DSL document of a workflow spec in protobuf's JSON form.

    Raises:
        DocumentInvalidError: a config asks for what the DSL tree cannot say yet.
    """
    found = normalise_all(spec)
    if found.problems:
        raise DocumentInvalidError(found.problems)
    return found.value


def normalise_all(spec: Mapping[str, Json]) -> Normalised:
    """The same with everything that is wrong beside it; what cannot be said is an empty task in the document."""
    head = {k: v for k, v in (spec.get("document") or {}).items() if k != "description" and v != ""}
    if (spec.get("document") or {}).get("description"):
        head["summary"] = spec["document"]["description"]
    builder = _Builder(str(head.get("namespace", "default")))
    tasks = builder.tasks(spec.get("tasks") or [], "/tasks", "/do", undoes=True)
    builder.places["/document"] = "/document"
    return Normalised({"document": head, "do": tasks}, tuple(builder.problems), builder.places)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a config is in the spec, and where its task is in the document."""

    source: str
    target: str


_EMPTY: Final[dict[str, Json]] = {"set": {}}


class _Builder:
    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.problems: list[Problem] = []
        self.places: dict[str, str] = {}

    def tasks(self, tasks: Json, pointer: str, target: str, *, undoes: bool = False) -> list[Json]:
        """The tasks at `pointer` of the spec for the list at `target` of the document.

        `undoes`: what tasks of this list have done is undone, by their `compensate`, when a later one fails.
        """
        self.places[target] = pointer
        if not isinstance(tasks, list):
            self.problems.append(Problem(pointer, "must be a list of tasks"))
            return []
        if any(isinstance(task, Mapping) and task.get("compensate") for task in tasks):
            self._check_compensation(tasks, pointer, undoes)
        return self._sequence(tasks, 0, pointer, target)

    def _sequence(self, tasks: list[Json], first: int, pointer: str, target: str) -> list[Json]:
        """The tasks from number `first` on; those after one that can be undone are nested in what undoes it."""
        found: list[Json] = []
        for index in range(first, len(tasks)):
            task, source = tasks[index], f"{pointer}/{index}"
            found.append(self._task(task, source, f"{target}/{len(found)}"))
            if not isinstance(task, Mapping) or not task.get("compensate"):
                continue
            name, item = str(task.get("name", "")), f"{target}/{len(found)}"
            where = child(item, f"{name}-then")
            self.places[item] = self.places[where] = f"{source}/compensate"
            rest = self._sequence(tasks, index + 1, pointer, f"{where}/try")
            undoing = self.tasks(task["compensate"], f"{source}/compensate", f"{where}/catch/do")
            return [*found, undone(name, rest or [{f"{name}-done": {"set": "${ . }"}}], undoing)]
        return found

    def _check_compensation(self, tasks: list[Json], pointer: str, undoes: bool) -> None:
        for index, task in enumerate(tasks):
            if not isinstance(task, Mapping):
                continue
            if task.get("compensate") and not undoes:
                why = "works among the tasks of the workflow, and in the try of a try_catch with catch.compensate: true"
                self.problems.append(Problem(f"{pointer}/{index}/compensate", f"compensation {why}"))
            for name in jumps_out(task):
                why = f"a list of tasks with compensation has no jumps by name: {name!r}"
                self.problems.append(Problem(f"{pointer}/{index}", why))

    def _task(self, task: Json, pointer: str, target: str) -> dict[str, Json]:
        if not isinstance(task, Mapping) or not task.get("name"):
            self.problems.append(Problem(pointer, "a task is an object with a name, a kind and a task_config"))
            return {}
        kind = task.get("kind")
        if isinstance(kind, int | float):
            kind = KINDS.get(int(kind), kind)
        config = whole_numbers(_either(task, "task_config", "taskConfig") or {})
        name, build = str(task["name"]), _BUILDERS.get(str(kind))
        place, body = _Place(f"{pointer}/task_config", child(target, name)), _EMPTY
        self.places[target] = self.places[place.target] = pointer
        self.comes_from(_Place(pointer, place.target), export="export", then="flow/then")
        if build:
            body = build(self, config, place)
        else:
            message = f"the task {name!r} is of kind {str(kind)!r}, which is not supported yet"
            self.problems.append(Problem(f"{pointer}/kind", message))
        body = dict(body)
        if (task.get("export") or {}).get("as"):
            body["export"] = {"as": task["export"]["as"]}
        if (task.get("flow") or {}).get("then"):
            body["then"] = task["flow"]["then"]
        return {name: body}

    def refuse(self, config: Mapping[str, Json], pointer: str, *keys: str) -> None:
        """Note that each of `keys` that is given is not supported yet."""
        for key in keys:
            if config.get(key):
                self.problems.append(Problem(f"{pointer}/{key}", f"{key!r} is not supported yet"))

    def comes_from(self, place: _Place, **fields: str) -> None:
        """Note where fields of the task's body come from; `_` in a name goes one level down."""
        for target, source in fields.items():
            self.places[f"{place.target}/{target.replace('_', '/')}"] = f"{place.source}/{source}".rstrip("/")

    def set_vars(self, config: Mapping[str, Json], place: _Place) -> dict[str, Json]:
        self.comes_from(place, set="variables")
        return {"set": config.get("variables") or {}}

    def http_call(self, config: Mapping[str, Json], place: _Place) -> dict[str, Json]:
        self.comes_from(place, **{"with": ""}, timeout="timeout_seconds", timeout_after_seconds="timeout_seconds")
        request = {key: config[key] for key in ("method", "endpoint", "headers", "body") if config.get(key)}
        body: dict[str, Json] = {"call": "http", "with": request}
        if config.get("timeout_seconds"):
            body["timeout"] = {"after": {"seconds": config["timeout_seconds"]}}
        return body

    def switch_case(self, config: Mapping[str, Json], place: _Place) -> dict[str, Json]:
        cases = []
        self.comes_from(place, switch="cases")
        for index, case in enumerate(config.get("cases") or []):
            name = str(case.get("name", ""))
            self.places[child(place.target, "switch", index, name)] = f"{place.source}/cases/{index}"
            when = {"when": case["when"]} if case.get("when") else {}
            cases.append({name: {**when, "then": case.get("then", "continue")}})
        return {"switch": cases}

    def for_each(self, config: Mapping[str, Json], place: _Place) -> dict[str, Json]:
        self.comes_from(place, **{"for": ""})
        loop = {key: config[key] for key in ("each", "in") if key in config}
        tasks = self.tasks(config.get("do") or [], f"{place.source}/do", f"{place.target}/do")
        apart = _apart(config)
        return {"for": loop, "do": tasks, **({"metadata": apart} if apart else {})}

    def try_catch(self, config: Mapping[str, Json], place: _Place) -> dict[str, Json]:
        self.comes_from(place, catch="catch")
        given = config.get("catch") or {}
        catch: dict[str, Json] = {"as": given["as"]} if given.get("as") else {}
        if given.get("do"):
            catch["do"] = self.tasks(given["do"], f"{place.source}/catch/do", f"{place.target}/catch/do")
        return {
            "try": self.tasks(
                config.get("try") or [],
                f"{place.source}/try",
                f"{place.target}/try",
                undoes=bool(given.get("compensate")),
            ),
            "catch": catch,
        }

    def wait(self, config: Mapping[str, Json], place: _Place) -> dict[str, Json]:
        self.comes_from(place, wait="duration", wait_until="until")
        if "until" in config:
            return {"wait": {"until": config["until"]}}
        duration = config.get("duration") or {"seconds": config.get("seconds", 0)}
        return {"wait": duration}

    def raise_error(self, config: Mapping[str, Json], place: _Place) -> dict[str, Json]:
        self.comes_from(place, **{"raise": ""}, raise_error="error", raise_error_detail="message")
        name = str(config.get("error", ""))
        kind = canonical_type(name)
        standard = kind if kind in STATUS_BY_KIND else "runtime"
        uri = name if "://" in name else ERROR_BASE + standard
        error: dict[str, Json] = {"type": uri, "status": STATUS_BY_KIND[standard], "title": name}
        if config.get("message"):
            error["detail"] = config["message"]
        return {"raise": {"error": error}}

    def run_workflow(self, config: Mapping[str, Json], place: _Place) -> dict[str, Json]:
        self.comes_from(place, run="", run_workflow="", run_workflow_name="workflow", run_workflow_input="input")
        target = {"namespace": self.namespace, "name": config.get("workflow", ""), "version": "latest"}
        return {"run": {"workflow": {**target, "input": config.get("input") or {}}}}


_ON_ERROR: Final[Mapping[Json, str]] = {
    2: "continue",
    3: "skip",
    "FOR_EACH_CONTINUE": "continue",
    "FOR_EACH_SKIP": "skip",
}


def _apart(config: Mapping[str, Json]) -> dict[str, Json]:
    """What makes the iterations of a loop independent of one another: at the same time, or going on after errors."""
    found: dict[str, Json] = {}
    if config.get("max_parallelism", 0) > 1 or config.get("batch_size"):
        found["concurrency"] = config.get("max_parallelism") or 1
    if config.get("batch_size"):
        found["batch"] = config["batch_size"]
    if config.get("on_error") in _ON_ERROR:
        found["onError"] = _ON_ERROR[config["on_error"]]
    return found


_BUILDERS: Final[Mapping[str, Callable[[_Builder, Mapping[str, Json], _Place], dict[str, Json]]]] = {
    "set_vars": _Builder.set_vars,
    "http_call": _Builder.http_call,
    "switch_case": _Builder.switch_case,
    "for_each": _Builder.for_each,
    "try_catch": _Builder.try_catch,
    "wait": _Builder.wait,
    "raise_error": _Builder.raise_error,
    "run_workflow": _Builder.run_workflow,
    "agent_call": agent_call,
    "fork": fork,
    "listen": listen,
    "human_input": human_input,
    "transform": transform,
    "validate": validate,
    "llm_call": llm_call,
    "eval": evaluation,
    "emit_event": emit_event,
    "notification": notification,
    "grpc_call": grpc_call,
    "activity_call": activity_call,
}

SUPPORTED_KINDS: Final = frozenset(_BUILDERS)
"""Names of the kinds that the DSL tree can say."""


def _either(value: Mapping[str, Json], *keys: str) -> Json:
    return next((value[key] for key in keys if key in value), None)


def whole_numbers(value: Any) -> Json:
    """A Struct's value with whole numbers as integers: a Struct has floating point numbers only."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    return value
