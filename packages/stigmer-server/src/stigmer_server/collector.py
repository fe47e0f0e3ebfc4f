"""The garbage collector of a process that serves."""

from __future__ import annotations

import gc

__all__ = ["spare_the_collector"]

_COLLECT_AFTER = 20_000
"""New objects after which the collector looks for cycles among them: some megabytes at most."""


def spare_the_collector() -> None:
    """Never look again at what is there for good, and not after every few calls at what is new. Call it once it serves.

    Descriptors and modules are hundreds of thousands of objects: looking at them holds up every call for a tenth of a
    second. Reports are made of many that go by themselves.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    gc.enable()
