"""What `up` and `quickstart` say about a stack that is up."""

from __future__ import annotations

from typing import Any

from stigmer_cli.terminal import result, say


def show_started(started: Any) -> None:
    """Say what runs and where everything is."""
    say("Stigmer is running already." if started.was_running else "Stigmer is ready.", "green")
    for label, value in started.facts():
        result(f"  {label:<14}{value}")
