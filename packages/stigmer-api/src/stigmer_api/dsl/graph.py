"""Draws a document as a Mermaid flowchart: text that many tools show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stigmer_api.dsl.model import CONTINUE, END, EXIT, Task, TaskList, Workflow
from stigmer_api.dsl.tasks.do import Do
from stigmer_api.dsl.tasks.for_ import For
from stigmer_api.dsl.tasks.fork import Fork
from stigmer_api.dsl.tasks.listen import Listen
from stigmer_api.dsl.tasks.switch import Switch
from stigmer_api.dsl.tasks.try_ import Try


def mermaid(workflow: Workflow) -> str:
    """The flowchart of a workflow: tasks as boxes, lists inside tasks as frames, conditions on the arrows."""
    drawing = _Drawing()
    first = drawing.tasks(workflow.tasks, "finish", 1)
    head = f"  start([{_quoted(f'{workflow.name} {workflow.version}')}]) --> {first}"
    return "\n".join(["flowchart TD", head, *drawing.nodes, "  finish([end])", *drawing.edges]) + "\n"


@dataclass(slots=True)
class _Drawing:
    nodes: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    count: int = 0

    def tasks(self, tasks: TaskList, after: str, level: int) -> str:
        """Draw a list; `after` is what follows its last task, empty when the frame around it says that."""
        names = {task.name: f"t{self.count + index}" for index, task in enumerate(tasks.tasks)}
        self.count += len(names)
        ids = list(names.values())
        for index, task in enumerate(tasks.tasks):
            following = ids[index + 1] if index + 1 < len(ids) else after
            self._task(task, ids[index], level)
            self._arrows(task, ids[index], {**names, CONTINUE: following, EXIT: after, END: "finish"})
        return ids[0] if ids else after

    def _task(self, task: Task, node: str, level: int) -> None:
        indent, body = "  " * level, task.body
        condition = "" if task.condition is None else f"<br/>if {task.condition.text}"
        lists = lists_in(body)
        if isinstance(body, Switch):
            self.nodes.append(f"{indent}{node}{{{_quoted(task.name + condition)}}}")
        elif not lists:
            self.nodes.append(f"{indent}{node}[{_quoted(f'{task.name}<br/>{task.kind}{condition}')}]")
        else:
            self.nodes.append(f"{indent}subgraph {node}[{_quoted(f'{task.name}: {title_of(body)}{condition}')}]")
            for number, (label, tasks) in enumerate(lists):
                inner = f"{node}_{number}"
                self.nodes.append(f"{indent}  subgraph {inner}[{_quoted(label)}]")
                self.tasks(tasks, "", level + 2)
                self.nodes.append(f"{indent}  end")
                if label == "catch":
                    self.edges.append(f"  {node}_0 -. error .-> {inner}")
            self.nodes.append(f"{indent}end")

    def _arrows(self, task: Task, node: str, targets: dict[str, str]) -> None:
        taken = [(case.then, "else" if case.when is None else case.when.text) for case in cases_of(task.body)]
        if not any(label == "else" for _, label in taken):
            label = "" if not taken else "else"
            taken.append((task.then, label))
        if task.condition is not None and task.then != CONTINUE:
            taken.append((CONTINUE, "skipped"))
        for then, label in taken:
            target = targets.get(then, "")
            if target:
                self.edges.append(f"  {node} -->{f'|{_quoted(label)}|' if label else ''} {target}")


def cases_of(body: Any) -> tuple[Any, ...]:
    """The cases of a `switch`; nothing else has any."""
    return body.cases if isinstance(body, Switch) else ()


def lists_in(body: Any) -> list[tuple[str, TaskList]]:
    """The lists inside a task, with what each is called."""
    if isinstance(body, Do):
        return [("do", body.tasks)]
    if isinstance(body, For):
        return [(f"for each {body.each}", body.tasks)]
    if isinstance(body, Fork):
        return [(task.name, TaskList((task,), {task.name: 0})) for task in body.branches.tasks]
    if isinstance(body, Try):
        caught = [("catch", body.catch.tasks)] if body.catch.tasks is not None else []
        return [("try", body.tasks), *caught]
    if isinstance(body, Listen) and body.foreach is not None and body.foreach.tasks is not None:
        return [(f"for each {body.foreach.item}", body.foreach.tasks)]
    return []


def title_of(body: Any) -> str:
    """What a task with lists inside does with them."""
    if isinstance(body, Fork):
        return "first of" if body.compete else "all of"
    return type(body).__name__.lower()


def _quoted(text: str) -> str:
    """Text as a label; what Mermaid would read as its own is escaped."""
    short = text if len(text) <= 80 else text[:79] + "…"
    safe = (
        short.replace('"', "#quot;")
        .replace(" < ", " #lt; ")
        .replace(" > ", " #gt; ")
        .replace("\n", " ")
        .replace("|", "#124;")
    )
    return f'"{safe}"'
