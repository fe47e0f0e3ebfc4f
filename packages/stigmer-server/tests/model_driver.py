"""What the state machine drives: a synchronous client of a server process, and streams read in the background."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
from server_testing import request

from stigmer_api.client import Client
from stigmer_api.errors import ApiError, from_rpc_error
from stigmer_api.methods import RESOURCE_SERVICE, method, service_methods

if TYPE_CHECKING:
    from collections.abc import Callable

    from proof_servers import ServerProcess

WAIT_SECONDS = 15.0
WATCHABLE = "Watch" in service_methods(RESOURCE_SERVICE)


class Driver:
    """Calls methods of one server and counts what was done; shared by all examples of a run."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.steps = 0
        self.calls = 0
        self.orgs = (f"org-{number}" for number in itertools.count(1))
        self.expected: dict[str, Any] = {}
        """Every resource that was acknowledged and not deleted, by id."""
        self.connect()

    def connect(self) -> None:
        """Connect to wherever the server is now."""
        self.client = Client(self.server.address, self.server.token)
        self._channel = grpc.insecure_channel(self.server.address, options=[("grpc.enable_http_proxy", 0)])

    def close(self) -> None:
        """Close the connections."""
        self.client.close()
        self._channel.close()

    def send(self, target: str, verb: str, message: Any) -> Any:
        """Call a unary method with a message."""
        self.calls += 1
        return self.client.call(target, verb, message)

    def call(self, target: str, verb: str, **fields: Any) -> Any:
        """Call a unary method with these request fields."""
        return self.send(target, verb, request(target, verb, **fields))

    def code(self, target: str, verb: str, message: Any) -> str:
        """The code with which a call fails; "OK" when it does not."""
        try:
            self.send(target, verb, message)
        except ApiError as error:
            return error.code
        return "OK"

    def follow(self, target: str, verb: str, message: Any) -> Follower:
        """Open a stream."""
        self.calls += 1
        rpc = method(target, verb)
        stub = self._channel.unary_stream(
            rpc.path, request_serializer=rpc.request.SerializeToString, response_deserializer=rpc.response.FromString
        )
        return Follower(stub(message, metadata=(("authorization", f"Bearer {self.server.token}"),)))


class Follower:
    """Reads a stream to its end in a thread of its own."""

    def __init__(self, call: Any) -> None:
        self.messages: list[Any] = []
        self.error: ApiError | None = None
        self.ended = False
        self._call = call
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def until(self, done: Callable[[Follower], bool], what: str) -> None:
        """Wait until `done`, looked at after each message and at the end."""
        deadline = time.monotonic() + WAIT_SECONDS
        with self._news:
            while not done(self):
                assert not self.ended, f"{what}: the stream ended with {self.error} after {self.messages}"
                assert self._news.wait(deadline - time.monotonic()), f"{what}: only {self.messages}"

    def close(self) -> None:
        """Leave."""
        self._call.cancel()
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()

    def _read(self) -> None:
        try:
            for message in self._call:
                with self._news:
                    self.messages.append(message)
                    self._news.notify_all()
        except grpc.RpcError as error:
            self.error = from_rpc_error(error)
        with self._news:
            self.ended = True
            self._news.notify_all()
