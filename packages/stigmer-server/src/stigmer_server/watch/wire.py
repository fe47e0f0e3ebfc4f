"""Responses of Watch as bytes, made once for all readers: a small head of their own, and the item that all share."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.any_pb2 import Any as AnyMessage

from stigmer_api._pb.stigmer.runtime.v1.resource_pb2 import WatchEventType, WatchResourcesResponse
from stigmer_server.watch.window import Commit
from stigmer_store import Operation, ResourceRecord

__all__ = ["Pack", "WatchWire"]

Pack = Callable[[ResourceRecord], AnyMessage]
"""A record as it may leave the server."""

_TYPES: dict[Operation, WatchEventType] = {
    Operation.CREATED: WatchEventType.WATCH_EVENT_TYPE_CREATED,
    Operation.UPDATED: WatchEventType.WATCH_EVENT_TYPE_UPDATED,
    Operation.DELETED: WatchEventType.WATCH_EVENT_TYPE_DELETED,
}


class WatchWire:
    """Encodes what a watch tells. A response is its head and its item one behind the other: protobuf merges both."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def initial(self, record: ResourceRecord) -> bytes:
        """A resource that is there when the watch begins."""
        kind = WatchEventType.WATCH_EVENT_TYPE_INITIAL
        head = WatchResourcesResponse(type=kind, revision=record.revision)
        return head.SerializeToString() + self._item(record)

    def marker(self, kind: WatchEventType, revision: int) -> bytes:
        """SYNCED or BOOKMARK."""
        return WatchResourcesResponse(type=kind, revision=revision, resume_revision=revision).SerializeToString()

    def event(self, commit: Commit, index: int, operation: Operation, *, final: bool) -> bytes:
        """One change; `final` when it is the last one that this reader is told of its commit."""
        key = (index, operation, final)
        told = commit.told.get(key)
        if told is None:
            resume = commit.revision if final else commit.revision - 1
            told = commit.told[key] = self.coalesced(commit, index, operation, resume=resume, more=0)
        return told

    def coalesced(self, commit: Commit, index: int, operation: Operation, *, resume: int, more: int) -> bytes:
        """One change that stands for `more` earlier ones of its resource."""
        head = WatchResourcesResponse(
            type=_TYPES[operation], revision=commit.revision, resume_revision=resume, coalesced=more
        )
        item = commit.items.get(index)
        if item is None:
            item = commit.items[index] = self._item(commit.changes[index].record)
        return head.SerializeToString() + item

    def _item(self, record: ResourceRecord) -> bytes:
        return WatchResourcesResponse(item=self._pack(record)).SerializeToString()
