"""Changes of a selection of resources as they happen, also across restarts of the server."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from stigmer_api.errors import ApiError, DeadlineExceeded, OutOfRange, Unavailable
from stigmer_api.messages import message_class
from stigmer_api.methods import RESOURCE_SERVICE
from stigmer_cli.client import ServerClient, has_method, is_id, slug_of, translate
from stigmer_cli.reading import Selection

RECONNECT_SECONDS = 120.0
"""How long a server that went away is looked for."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
_INITIAL, _SYNCED, _CREATED, _UPDATED, _DELETED = range(1, 6)

Change = tuple[Any, bool]
"""A resource, and whether it is gone."""


class Watching:
    """One `get --watch`: what the user has seen, and where the server's changes go on from."""

    def __init__(self, client: ServerClient, selection: Selection, known: Sequence[Any]) -> None:
        self._client = client
        self._kind = selection.kind
        self._seen: dict[str, Any] = {item.metadata.id: item for item in known}
        self._resume = 0
        self._request = _request(client, selection, known)
        self.reconnect_seconds = RECONNECT_SECONDS

    def changes(self) -> Generator[Change, None, None]:
        """What differs from what was seen, and then every change, for ever. Raises CliError."""
        pause, gone_since = FIRST_PAUSE, 0.0
        while True:
            try:
                for change in self._session():
                    pause, gone_since = FIRST_PAUSE, 0.0
                    if change is not None:
                        yield change
            except OutOfRange:
                self._resume = 0  # too long away: what happened meanwhile is seen by comparing
                problem: ApiError = Unavailable("the server no longer keeps the changes since then")
            except (Unavailable, DeadlineExceeded) as error:
                problem = error
            except ApiError as error:
                raise translate(error, self._client.settings) from error
            else:
                problem = Unavailable("the stream ended")
            gone_since = gone_since or time.monotonic()
            if time.monotonic() - gone_since > self.reconnect_seconds:
                raise translate(problem, self._client.settings) from problem
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _session(self) -> Iterator[Change | None]:
        """One stream: changes, and None for every response that is none."""
        if self._resume:
            self._request.from_revision = self._resume
        else:
            self._request.ClearField("from_revision")
        there: set[str] = set()
        for response in self._client.raw().stream(RESOURCE_SERVICE, "Watch", self._request):
            if response.type == _SYNCED and not self._request.HasField("from_revision"):
                yield from self._gone(there)
            yield self._change(response, there)
            self._resume = response.resume_revision or self._resume

    def _change(self, response: Any, there: set[str]) -> Change | None:
        if response.type not in {_INITIAL, _CREATED, _UPDATED, _DELETED}:
            return None
        item: Any = self._kind.message()
        response.item.Unpack(item)
        key = item.metadata.id
        if response.type == _DELETED:
            there.discard(key)
            return (item, True) if self._seen.pop(key, None) is not None else None
        there.add(key)
        seen = self._seen.get(key)
        self._seen[key] = item
        is_news = seen is None or item.metadata.revision > seen.metadata.revision
        return (item, False) if is_news else None

    def _gone(self, there: set[str]) -> Iterator[Change]:
        """What was seen and is no longer there."""
        for key in [key for key in self._seen if key not in there]:
            yield self._seen.pop(key), True


def _request(client: ServerClient, selection: Selection, known: Sequence[Any]) -> Any:
    request: Any = message_class("stigmer.runtime.v1.WatchResourcesRequest")(
        kinds=[selection.kind.number],
        org=client.settings["org"],
        label_selector=selection.labels,
        field_selector=selection.fields,
    )
    by_reference = has_method(selection.kind, "getByReference")
    for name in selection.names:
        if is_id(name):
            request.ids.append(name)
        elif by_reference:
            request.names.append(slug_of(name))
    if selection.names and not by_reference:  # executions and sessions were found by name: their ids stay
        request.ids.extend(item.metadata.id for item in known if item.metadata.id not in request.ids)
    return request
