"""Named places where a test makes the process die, as if it were killed there. Without the variable they do nothing.

`STIGMER_AGENT_FAILPOINT=name[:times]` kills the process with SIGKILL when the place is reached for the given time (the
first by default). Only for tests of what a kill leaves behind.
"""

from __future__ import annotations

import itertools
import os
import signal

ENV = "STIGMER_AGENT_FAILPOINT"

_NAME, _, _TIMES = os.environ.get(ENV, "").partition(":")
_VISITS = itertools.count(1)


def failpoint(name: str) -> None:
    """Die here when the environment says so."""
    if name == _NAME and next(_VISITS) == int(_TIMES or 1):
        os.kill(os.getpid(), signal.SIGKILL)
