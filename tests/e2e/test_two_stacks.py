"""Two stacks with different homes and ports know nothing of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack import ROOT, running

if TYPE_CHECKING:
    from pathlib import Path

    from stack import Stack


def test_two_homes_run_side_by_side(stack: Stack, tmp_path: Path) -> None:
    manifest = ROOT / "examples" / "01-data-flow" / "workflow.yaml"
    with running(tmp_path / "a home with spaces & 100%") as other:
        other.ctl("apply", "-f", str(manifest))
        done = other.ctl("run", "workflow/order-total", "--input", f"@{manifest.parent / 'input.json'}")
        assert "Ada" in done.stdout
        assert other.token != stack.token
        assert all(item["ready"] for item in other.json("status")["components"])
        assert all(item["ready"] for item in stack.json("status")["components"])
    assert all(item["ready"] for item in stack.json("status")["components"])
