"""Workflow code asks nobody but its runtime: the worker trusts it without a sandbox because these tests do not.

`test_replay.py` replays every recorded history in the strict sandbox; this file shows that the sandbox would notice.
"""

from __future__ import annotations

from pathlib import Path

from strict_sandbox import Probe, replayer, strict
from temporalio.client import WorkflowHistory

NESTED = Path(__file__).parent / "histories" / "nested.json"
PLACE = "    observer, runtime = engine.observer, engine.runtime"
"""A line of `flow.run_task`: every task of every run passes here."""

WORLD = {
    "__import__('time').time()",
    "__import__('time').monotonic()",
    "__import__('datetime').datetime.now()",
    "__import__('random').random()",
    "__import__('uuid').uuid4()",
    "__import__('os').getpid()",
    "__import__('os').environ.get('HOME')",
    "__import__('subprocess').run(['true'])",
    "__import__('socket').socket()",
    "__import__('threading').Thread(target=print).start()",
    "open('/etc/hostname').read()",
}


async def test_workflow_code_that_asks_the_world_is_refused_in_the_strict_sandbox() -> None:
    allowed = "__import__('math').sqrt(4)"
    probe = Probe("stigmer_workflow_runner.flow", PLACE, sorted({*WORLD, allowed}))
    with probe.active():
        await replayer(strict()).replay_workflow(WorkflowHistory.from_json("replayed", NESTED.read_text()))
    assert probe.asked == {*WORLD, allowed}
    assert probe.refused == WORLD
