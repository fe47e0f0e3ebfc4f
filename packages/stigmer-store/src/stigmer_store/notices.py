"""Hears over Postgres LISTEN that another process has committed something. It carries a revision and no data.

A notification is only a reason to look. Looking also follows each new connection and each pause, so a lost connection
or a lost notification delays what listeners hear and loses nothing of it.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Any

CHANNEL = "stigmer_changes"

LOOK_SECONDS = 5.0
"""How long to rely on notifications alone: bounds the delay when a network swallows them."""

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0

Connect = Callable[[], Any]
"""Opens a psycopg connection in autocommit mode."""


class Notices:
    """One thread that waits for notifications and calls `heard` with a revision, or with None for "go and look"."""

    def __init__(self, connect: Connect, heard: Callable[[int | None], None]) -> None:
        self._connect = connect
        self._heard = heard
        self._waker, self._wakeup = socket.socketpair()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="stigmer-store-notices", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and wait until the thread has ended."""
        if not self._stopped:
            self._stopped = True
            self._waker.close()
            self._thread.join()
            self._wakeup.close()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopped:
            try:
                with contextlib.closing(self._connect()) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._heard(None)  # what was committed while nobody listened
                    pause = _FIRST_PAUSE
                    self._listen(connection)
            except Exception:  # noqa: BLE001 - whatever ended the connection, the way out is a new one
                self._wait(None, pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _listen(self, connection: Any) -> None:
        while not self._stopped:
            if self._wait(connection, LOOK_SECONDS):
                revisions = [int(notice.payload) for notice in connection.notifies(timeout=0)]
                if revisions:
                    self._heard(max(revisions))
            else:
                connection.execute("SELECT 1")  # a connection that is dead without knowing it fails here
                self._heard(None)

    def _wait(self, connection: Any, seconds: float) -> bool:
        """Wait for news, for the end, or so long; True when the connection has something to say."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeup, selectors.EVENT_READ)
            if connection is not None:
                selector.register(connection.fileno(), selectors.EVENT_READ)
            ready = selector.select(0 if self._stopped else seconds)
        return any(key.fileobj is not self._wakeup for key, _ in ready)
