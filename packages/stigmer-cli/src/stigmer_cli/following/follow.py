"""Follows one execution and those that it started until it ends."""

from __future__ import annotations

import contextlib
import queue
import time
from typing import Any

from stigmer_api.kinds import Kind, kind_by_key
from stigmer_api.temporal import PARENT_LABEL
from stigmer_cli.client import ServerClient, translate
from stigmer_cli.errors import NotRunningError
from stigmer_cli.following.agent_view import AgentView
from stigmer_cli.following.phases import is_terminal
from stigmer_cli.following.streams import RECONNECT_SECONDS, Broken, Lost, Streams, Update
from stigmer_cli.following.transcript import Transcript
from stigmer_cli.following.workflow_view import WorkflowView

CHILD_SECONDS = 0.3
"""How often the executions that a workflow started are looked for while it waits for one."""

LAST_WORDS_SECONDS = 3.0
"""How long a child's own stream may take to tell its end after the parent's has."""

View = AgentView | WorkflowView


class Followed:
    """One execution and its children, shown on one transcript."""

    def __init__(self, client: ServerClient, transcript: Transcript, reconnect_seconds: float) -> None:
        self._client = client
        self._out = transcript
        self._streams = Streams(client, reconnect_seconds)
        self._views: dict[str, View] = {}
        self._looked = 0.0
        self._away: set[str] = set()

    def run(self, kind: Kind, execution_id: str) -> Any:
        """Follow to the end and return the terminal state. Raises CliError when the server does not come back."""
        self._add(kind, execution_id, "")
        try:
            while True:
                final = self._step(execution_id)
                if final is not None:
                    self._finish_children(execution_id)
                    self._views[execution_id].update(final)
                    return final
        finally:
            self._out.close()
            self._streams.close()

    def _add(self, kind: Kind, execution_id: str, indent: str) -> None:
        view: View
        view = AgentView(self._out, indent) if kind.key == "agent_execution" else WorkflowView(self._out, indent)
        self._views[execution_id] = view
        self._streams.subscribe(kind, execution_id)

    def _step(self, root: str) -> Any | None:
        """Take one event and return the root's terminal state once it is there, not yet shown."""
        try:
            event = self._streams.events.get(timeout=CHILD_SECONDS)
        except queue.Empty:
            self._look_for_children()
            return None
        match event:
            case Lost():
                self._connection(event)
            case Broken():
                if event.execution_id == root:
                    raise translate(event.error, self._client.settings) from event.error
            case Update():
                if event.execution_id == root and is_terminal(event.message):
                    return event.message
                self._views[event.execution_id].update(event.message)
                self._look_for_children()
        return None

    def _connection(self, event: Lost) -> None:
        before = bool(self._away)
        (self._away.discard if event.back else self._away.add)(event.execution_id)
        if bool(self._away) != before:
            self._out.line("connected again" if before else "connection lost, waiting for the server", style="yellow")

    def _look_for_children(self, *, whatever: bool = False) -> None:
        """Subscribe to executions that a shown workflow started and that are not shown yet."""
        now = time.monotonic()
        if self._away or (now - self._looked < CHILD_SECONDS and not whatever):
            return
        for parent, view in list(self._views.items()):
            if isinstance(view, WorkflowView) and (view.waits_for_child or (whatever and view.called_others)):
                self._looked = now
                with contextlib.suppress(NotRunningError):  # the streams notice that too, and wait
                    self._add_children(parent, view)

    def _add_children(self, parent: str, view: WorkflowView) -> None:
        for key in ("agent_execution", "workflow_execution"):
            kind = kind_by_key(key)
            for item in self._client.list(kind, f"{PARENT_LABEL}={parent}", org=""):
                if item.metadata.id not in self._views:
                    self._add(kind, item.metadata.id, view.indent + "    ")

    def _finish_children(self, root: str) -> None:
        """Let every child say its last words before the parent's end is shown; a moment, not for ever."""
        self._look_for_children(whatever=True)
        deadline = time.monotonic() + LAST_WORDS_SECONDS
        while (left := deadline - time.monotonic()) > 0 and self._unfinished(root):
            try:
                event = self._streams.events.get(timeout=left)
            except queue.Empty:
                return
            if isinstance(event, Update) and event.execution_id != root:
                self._views[event.execution_id].update(event.message)

    def _unfinished(self, root: str) -> bool:
        return any(
            view.execution is None or not is_terminal(view.execution)
            for key, view in self._views.items()
            if key != root
        )


def follow(
    client: ServerClient,
    kind: Kind,
    execution_id: str,
    *,
    transcript: Transcript | None = None,
    reconnect_seconds: float = RECONNECT_SECONDS,
) -> Any:
    """Show an execution until it ends and return its terminal state."""
    return Followed(client, transcript or Transcript(), reconnect_seconds).run(kind, execution_id)


def answer_of(execution: Any) -> str:
    """Return the text of the last AI message of an agent execution."""
    texts = [item.content for item in execution.status.messages if item.type == MESSAGE_AI and item.content]
    return texts[-1] if texts else ""


MESSAGE_AI = 2
"""Number of MESSAGE_AI on the wire."""
