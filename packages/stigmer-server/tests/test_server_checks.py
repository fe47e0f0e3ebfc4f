"""docs/server-checks.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PLACES = {
    "": "packages/stigmer-server/tests",
    "store": "packages/stigmer-store/tests",
    "api": "packages/stigmer-api/tests",
    "cli": "packages/stigmer-cli/tests",
    "e2e": "tests/e2e",
}
NAMED = re.compile(r"`(?:(?P<place>[a-z0-9]+):)?(?P<name>\w+\.py)`")


def test_every_test_that_the_tables_name_is_there() -> None:
    text = (ROOT / "docs" / "server-checks.md").read_text(encoding="utf-8")
    named = {(found["place"] or "", found["name"]) for found in NAMED.finditer(text)}
    named.discard(("", "get_and_list.py"))  # of benchmarks/, named beside its neighbour
    assert len(named) > 60
    missing = [name for place, name in named if not (ROOT / PLACES[place] / name).is_file()]
    assert missing == []


def test_every_row_names_something() -> None:
    text = (ROOT / "docs" / "server-checks.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    heads = ("Shown by |", "Now shown by |")
    unproved = [line for line in rows if not line.endswith(heads) and "`" not in line.rsplit("|", 2)[1]]
    assert len(rows) > 60
    assert unproved == []
