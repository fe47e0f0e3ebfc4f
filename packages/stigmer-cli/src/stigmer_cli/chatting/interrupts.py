"""Ctrl-C at a prompt, certain to be heard."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["interruptible"]

T = TypeVar("T")

_PATIENCE_SECONDS = 0.05


def interruptible(call: Callable[[], T]) -> T:
    """Call what blocks, on the main thread: a SIGINT raises KeyboardInterrupt, once, wherever it arrives.

    Python alone leaves a gap: a signal that comes after readline's last look for signals and before it waits for a
    key is noted and not acted on until a key is pressed. Here a thread hears of each signal by the wakeup descriptor
    and sends it again until the handler has run, which ends the wait.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    repeater: _Repeater | None = None
    try:
        # Blocking may itself raise for a signal that came just before, and has blocked then.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        repeater = _Repeater()
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            return call()
        finally:
            repeater.heard.set()  # from here on no signal raises, so that what follows is done whole
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if repeater is not None:
            repeater.close()


class _Repeater:
    """Handles SIGINT until it is closed, and repeats it until that is done."""

    def __init__(self) -> None:
        self.heard = threading.Event()
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._handler = signal.signal(signal.SIGINT, self._interrupt)
        self._thread = threading.Thread(target=self._repeat, name="interrupts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave everything as it was."""
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._write)
        self._thread.join()
        os.close(self._read)
        signal.signal(signal.SIGINT, self._handler)

    def _interrupt(self, _number: int, _frame: Any) -> None:
        if not self.heard.is_set():
            self.heard.set()
            raise KeyboardInterrupt

    def _repeat(self) -> None:
        main = threading.main_thread().ident
        while signals := os.read(self._read, 1):
            while main and signals[0] == signal.SIGINT and not self.heard.wait(_PATIENCE_SECONDS):
                signal.pthread_kill(main, signal.SIGINT)
