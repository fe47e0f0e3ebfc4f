"""Draws a document as a picture (SVG) by itself: no network, no other program, no fonts but those that are there.

A document is made of lists inside tasks, so the layout is too: a list is a column, the lists of one task stand side by
side in its frame. What leads elsewhere in its list by name is a line at the column's right side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from typing import Final

from stigmer_api.dsl.graph import cases_of, lists_in, title_of
from stigmer_api.dsl.model import CONTINUE, DIRECTIVES, Task, TaskList, Workflow
from stigmer_api.dsl.tasks.switch import Switch

CHARACTER: Final = 7.3
"""Width of a character: the font is one of fixed width, 12 pixels high."""
LINE: Final = 17
PAD: Final = 10
GAP: Final = 26
LANE: Final = 12
LONGEST: Final = 60

_STYLE: Final = (
    "text{font:12px ui-monospace,monospace;fill:#1c2430}.name{font-weight:bold}.note{fill:#5b6675}"
    "rect{fill:#fff;stroke:#7b8794}.frame{fill:#eef2f7}.list{fill:#f8fafc;stroke-dasharray:4 3}.choice{fill:#fdf3d8}"
    ".pill{fill:#dcefe0}path{fill:none;stroke:#5b6675}.jump{stroke:#b25f00}.error{stroke:#b3261e;stroke-dasharray:4 3}"
)
_ARROW: Final = (
    '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" style="fill:#5b6675;stroke:none"/></marker></defs>'
)
_UNPRINTABLE: Final = re.compile("[^\\t\\n\\r -\ud7ff\ue000-\ufffd]")


def svg(workflow: Workflow) -> str:
    """The picture of a workflow."""
    column = _column("", workflow.tasks)
    start = _Box((f"{workflow.name} {workflow.version}",), "pill")
    finish = _Box(("end",), "pill")
    stack = _Column("", [start, *column.boxes, finish], column.jumps)
    stack.place(PAD, PAD)
    width, height = round(stack.width + 2 * PAD), round(stack.height + 2 * PAD)
    title = _text(f"{workflow.namespace}/{workflow.name} {workflow.version}")
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style>",
        _ARROW,
        f'<rect width="{width}" height="{height}" style="fill:#fff;stroke:none"/>',
        *stack.drawn(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


@dataclass(slots=True)
class _Box:
    """A task, or an end of the whole. `lines`: the first is its name. `columns` are the lists inside."""

    lines: tuple[str, ...]
    look: str = ""
    pointer: str = ""
    columns: list[_Column] = field(default_factory=list)
    caught: bool = False
    x: float = 0
    y: float = 0

    @property
    def head(self) -> float:
        """Height of the text."""
        return LINE * len(self.lines) + PAD

    @property
    def width(self) -> float:
        """With everything inside."""
        text = max(map(len, self.lines)) * CHARACTER + 2 * PAD
        inner = sum(column.width for column in self.columns) + PAD * (len(self.columns) + 1) if self.columns else 0
        return max(text, inner)

    @property
    def height(self) -> float:
        """With everything inside."""
        inner = max((column.height for column in self.columns), default=0.0)
        return self.head + (inner + PAD if self.columns else 0)

    def place(self, x: float, y: float) -> None:
        """Put its upper left corner there."""
        self.x, self.y = x, y
        left = x + PAD
        for column in self.columns:
            column.place(left, y + self.head)
            left += column.width + PAD

    def drawn(self) -> list[str]:
        """Its elements: what is inside comes later, so it lies on top."""
        look = self.look or ("frame" if self.columns else "")
        radius = 14 if look == "pill" else 4
        found = [f"<g><title>{_text(self.pointer)}</title>" if self.pointer else "<g>"]
        found.append(
            f'<rect class="{look}" x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" height="{self.height:g}" '
            f'rx="{radius}"/>'
        )
        for number, line in enumerate(self.lines):
            kind = "name" if number == 0 else "note"
            y = self.y + PAD / 2 + LINE * number + 12
            found.append(f'<text class="{kind}" x="{self.x + PAD:g}" y="{y:g}">{_text(line)}</text>')
        for column in self.columns:
            found += column.drawn(framed=True)
        if self.caught:
            left, right = self.columns[0], self.columns[1]
            y = left.y + LINE / 2
            found.append(f'<path class="error" marker-end="url(#to)" d="M{left.x + left.width:g} {y:g}H{right.x:g}"/>')
        return [*found, "</g>"]


@dataclass(slots=True)
class _Column:
    """A list of tasks. `jumps` are pairs of names: from which box a line leads to which."""

    label: str
    boxes: list[_Box]
    jumps: list[tuple[str, str]]
    x: float = 0
    y: float = 0

    @property
    def head(self) -> float:
        """Height of the label."""
        return LINE + PAD / 2 if self.label else 0

    @property
    def lanes(self) -> float:
        """Width of the lines at the right side."""
        return LANE * len(self.jumps) + (PAD if self.jumps else 0)

    @property
    def width(self) -> float:
        """With the lines at its side."""
        label = len(self.label) * CHARACTER + 2 * PAD
        return max(label, max(box.width for box in self.boxes) + self.lanes + (2 * PAD if self.label else 0))

    @property
    def height(self) -> float:
        """From its label to its last box."""
        boxes = sum(box.height for box in self.boxes) + GAP * (len(self.boxes) - 1)
        return self.head + boxes + (PAD if self.label else 0)

    def place(self, x: float, y: float) -> None:
        """Put its upper left corner there."""
        self.x, self.y = x, y
        inner = x + (PAD if self.label else 0)
        widest = max(box.width for box in self.boxes)
        top = y + self.head
        for box in self.boxes:
            box.place(inner + (widest - box.width) / 2, top)
            top += box.height + GAP

    def drawn(self, *, framed: bool = False) -> list[str]:
        """Its elements."""
        found = []
        if framed:
            found.append(
                f'<rect class="list" x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" height="{self.height:g}"/>'
                f'<text class="note" x="{self.x + PAD:g}" y="{self.y + LINE - 3:g}">{_text(self.label)}</text>'
            )
        for box in self.boxes:
            found += box.drawn()
        for above, below in zip(self.boxes, self.boxes[1:], strict=False):
            middle = above.x + above.width / 2
            found.append(f'<path marker-end="url(#to)" d="M{middle:g} {above.y + above.height:g}V{below.y:g}"/>')
        return found + self._jumps_drawn()

    def _jumps_drawn(self) -> list[str]:
        by_name = {box.lines[0]: box for box in self.boxes}
        right = max(box.x + box.width for box in self.boxes) + PAD
        found = []
        for number, (source, target) in enumerate(self.jumps):
            first, last = by_name[source], by_name[target]
            lane = right + LANE * number
            leaves, arrives = first.y + first.head - 4 - number % 3 * 3, last.y + 5 + number % 3 * 3
            found.append(
                f'<path class="jump" marker-end="url(#to)" d="M{first.x + first.width:g} {leaves:g}H{lane:g}'
                f'V{arrives:g}H{last.x + last.width:g}"/>'
            )
        return found


def _column(label: str, tasks: TaskList) -> _Column:
    boxes, jumps = [], []
    for task in tasks.tasks:
        boxes.append(_box(task))
        aims = [case.then for case in cases_of(task.body)] + [task.then]
        jumps += [(_short(task.name), _short(then)) for then in dict.fromkeys(aims) if then not in DIRECTIVES]
    return _Column(_short(label), boxes, jumps)


def _box(task: Task) -> _Box:
    lists = lists_in(task.body)
    lines = [task.name, title_of(task.body) if lists else task.kind]
    if task.condition is not None:
        lines.append(f"if {task.condition.text}")
    lines += [
        f"{'else' if case.when is None else 'when ' + case.when.text} \N{RIGHTWARDS ARROW} {case.then}"
        for case in cases_of(task.body)
    ]
    if task.then != CONTINUE:
        lines.append(f"then \N{RIGHTWARDS ARROW} {task.then}")
    return _Box(
        tuple(_short(line) for line in lines),
        "choice" if isinstance(task.body, Switch) else "",
        task.pointer,
        [_column(label, inner) for label, inner in lists],
        any(label == "catch" for label, _ in lists),
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _text(text: str) -> str:
    """Text as XML may hold it."""
    return escape(_UNPRINTABLE.sub("\ufffd", text))
