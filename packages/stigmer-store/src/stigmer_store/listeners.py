"""Those who want to hear of commits, called on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from stigmer_store.records import Change
from stigmer_store.repository import GapListener, Listener


class Listeners:
    """An ordered set of listeners. A failing one is reported to the event loop and harms nobody else."""

    def __init__(self) -> None:
        self._listeners: dict[object, tuple[Listener, GapListener | None]] = {}

    def any(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def add(self, listener: Listener, on_gap: GapListener | None = None) -> Callable[[], None]:
        """Register; the returned function removes it again and may be called twice."""
        key = object()
        self._listeners[key] = (listener, on_gap)

        def remove() -> None:
            self._listeners.pop(key, None)

        return remove

    def publish(self, changes: Sequence[Change]) -> None:
        """Tell everybody of one committed transaction; call it on the event loop, in revision order."""
        for listener, _ in tuple(self._listeners.values()) if changes else ():
            try:
                listener(changes)
            except Exception as error:  # noqa: BLE001 - a subscriber's fault must not reach the writer
                _report(error)

    def tell_gap(self, oldest: int) -> None:
        """Tell everybody that changes up to this revision can no longer be heard."""
        for _, on_gap in tuple(self._listeners.values()):
            if on_gap is not None:
                try:
                    on_gap(oldest)
                except Exception as error:  # noqa: BLE001 - as above
                    _report(error)


def _report(error: Exception) -> None:
    context = {"message": "a store listener failed", "exception": error}
    asyncio.get_running_loop().call_exception_handler(context)
