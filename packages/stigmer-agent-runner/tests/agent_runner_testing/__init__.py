"""Peer processes for the tests of the agent runner: an API server, a model endpoint, Temporal and the runner itself.

All are real on their wires (gRPC, HTTP, Temporal); only what stands behind the wires is small.
"""

from __future__ import annotations

from pathlib import Path


def noting_runner_path() -> str:
    """The program that is the runner with a notebook among its tools."""
    return str(Path(__file__).parent / "noting_runner.py")
