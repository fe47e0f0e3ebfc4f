"""Workflow specs judged as a whole, and the description of every kind of task that one may have.

`check_spec` is the one judgement of server, runner and command line. Must never do I/O; whoever calls it in an event
loop calls it in a thread, because a large document takes seconds.
"""

from __future__ import annotations
