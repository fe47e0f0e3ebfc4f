"""Documents as text and as pictures: every task is there, inside what it is inside of, and nothing lies on another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from stigmer_api.dsl.definition import read_text
from stigmer_api.dsl.graph import mermaid
from stigmer_api.dsl.picture import svg

DSL = Path(os.environ.get("STIGMER_SHARED", Path(__file__).resolve().parents[4] / "shared")) / "dsl"
HEAD = "document: {dsl: '1.0.3', namespace: tests, name: flow, version: 1.0.0}\n"
ALL = (
    HEAD
    + """do:
  - first: {set: {x: 1}, if: '.a < 3 and "<&>" != "\\u0007"'}
  - decide: {switch: [{big: {when: .x > 1, then: last}}, {other: {then: first}}]}
  - each: {for: {in: .items}, do: [{one: {wait: PT1S}}, {two: {wait: PT1S, then: exit}}]}
  - both: {fork: {branches: [{left: {do: [{deep: {set: {}}}]}}, {right: {set: {}}}]}}
  - careful: {try: [{risky: {set: {}}}], catch: {do: [{mend: {set: {}}}]}}
  - hear: {listen: {to: {any: []}}, foreach: {do: [{note: {set: {}}}]}}
  - last: {set: {}, then: first}
"""
)
Box = tuple[float, float, float, float]
SVG = "{http://www.w3.org/2000/svg}"


def boxes(root: Any) -> dict[str, Box]:
    """The box of every task by its pointer: left, top, right, bottom."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        title, rect = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        if title is not None:
            x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
            found[title.text] = (x, y, x + width, y + height)
    return found


def is_inside(one: Box, other: Box) -> bool:
    return other[0] <= one[0] and other[1] <= one[1] and one[2] <= other[2] and one[3] <= other[3]


def are_apart(one: Box, other: Box) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def check(text: str) -> Any:
    workflow = read_text(text)[1]
    root = ElementTree.fromstring(svg(workflow))
    found = boxes(root)
    whole = (0.0, 0.0, float(root.get("width", 0)), float(root.get("height", 0)))
    for pointer, box in found.items():
        assert is_inside(box, whole), pointer
        for other, its in found.items():
            if other.startswith(f"{pointer}/"):
                assert is_inside(its, box), (pointer, other)
            elif not pointer.startswith(f"{other}/") and pointer != other:
                assert are_apart(box, its), (pointer, other)
    return root, found


def test_every_task_has_a_box_inside_that_of_the_task_it_belongs_to() -> None:
    root, found = check(ALL)
    assert [pointer.rpartition("/")[2] for pointer in found] == [
        "first", "decide", "each", "one", "two", "both", "left", "deep", "right", "careful", "risky", "mend", "hear",
        "note", "last",
    ]  # fmt: skip
    texts = [text.text for text in root.iter(f"{SVG}text")]
    for line in ("flow 1.0.0", "when .x > 1 → last", "else → first", "then → exit", "all of", "catch", "for each item"):
        assert line in texts, line
    jumps = [path for path in root.iter(f"{SVG}path") if path.get("class") == "jump"]
    assert len(jumps) == 3, "to last, and twice to first"
    assert len([path for path in root.iter(f"{SVG}path") if path.get("class") == "error"]) == 1


def test_long_and_odd_texts_stay_inside_and_are_escaped() -> None:
    name = "n" * 300
    root, _ = check(HEAD + f"do: [{{{name}: {{set: {{}}, if: '. == \"</text>&\"'}}}}]")
    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert max(map(len, texts)) == 60
    assert 'if . == "</text>&"' in texts


def test_every_example_of_the_specification_can_be_drawn() -> None:
    if not DSL.is_dir():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{DSL} is not here: set STIGMER_SHARED")
    drawn = 0
    for path in sorted((DSL / "examples").glob("*.yaml")):
        _, found = check(path.read_text())
        assert mermaid(read_text(path.read_text())[1]).startswith("flowchart TD")
        drawn += bool(found)
    assert drawn == 68
