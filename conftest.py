"""What all tests share: a test process whose children hear Ctrl-C, however the tests were started."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """A shell that starts the tests in the background makes them ignore SIGINT; their children would inherit it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
