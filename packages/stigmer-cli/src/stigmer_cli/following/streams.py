"""Subscriptions as one queue: a thread per execution, each of which finds its way back when the server goes away."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import Any

from stigmer_api.errors import ApiError, DeadlineExceeded, Unavailable
from stigmer_api.kinds import Kind
from stigmer_api.methods import method
from stigmer_cli.client import ServerClient, request_for_id
from stigmer_cli.following.phases import is_terminal

RECONNECT_SECONDS = 120.0
"""How long a subscription looks for a server that went away before it gives up."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Update:
    """A later state of an execution."""

    execution_id: str
    message: Any


@dataclass(frozen=True, slots=True)
class Lost:
    """The server went away (back=False) or answers again (back=True)."""

    execution_id: str
    back: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """A subscription ended for good without a terminal state."""

    execution_id: str
    error: ApiError


Event = Update | Lost | Broken


class Streams:
    """Every subscription of one command. `events` is read by one thread; close() ends the others."""

    def __init__(self, client: ServerClient, reconnect_seconds: float = RECONNECT_SECONDS) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self._client = client
        self._reconnect_seconds = reconnect_seconds
        self._closed = threading.Event()

    def subscribe(self, kind: Kind, execution_id: str) -> None:
        """Follow an execution until it is terminal."""
        threading.Thread(target=self._follow, args=(kind, execution_id), daemon=True).start()

    def close(self) -> None:
        """End every subscription; their threads end with the channel that the caller closes next."""
        self._closed.set()

    def _follow(self, kind: Kind, execution_id: str) -> None:
        request = request_for_id(method(kind, "subscribe"), execution_id)
        pause, gone_since = FIRST_PAUSE, 0.0
        while not self._closed.is_set():
            problem: ApiError = Unavailable("the stream ended")
            try:
                for number, message in enumerate(self._client.raw().stream(kind, "subscribe", request)):
                    if gone_since:
                        self.events.put(Lost(execution_id, back=True))
                        gone_since = 0.0
                    if number:
                        pause = FIRST_PAUSE  # it lives; one that breaks after each first answer is not hurried
                    self.events.put(Update(execution_id, message))
                    if is_terminal(message):
                        return
            except (Unavailable, DeadlineExceeded) as error:
                problem = error
            except ApiError as error:
                self.events.put(Broken(execution_id, error))
                return
            if not gone_since:
                gone_since = time.monotonic()
                self.events.put(Lost(execution_id, back=False))
            elif time.monotonic() - gone_since > self._reconnect_seconds:
                self.events.put(Broken(execution_id, problem))
                return
            self._closed.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
