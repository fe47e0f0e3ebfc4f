"""The loop of a chat: a line is a turn, a turn is an execution in the chat's session."""

from __future__ import annotations

import queue
import sys
from dataclasses import dataclass, field
from typing import Any

from stigmer_api.kinds import kind_by_key
from stigmer_api.methods import method
from stigmer_cli.approving import submit
from stigmer_cli.chatting.approval import ask
from stigmer_cli.chatting.lines import Lines
from stigmer_cli.chatting.view import ChatView
from stigmer_cli.client import ServerClient, translate
from stigmer_cli.columns import phase
from stigmer_cli.errors import CliError, ExecutionFailedError, InterruptedByUserError
from stigmer_cli.following.follow import answer_of
from stigmer_cli.following.phases import is_terminal
from stigmer_cli.following.questions import how_to_answer, pending_of
from stigmer_cli.following.streams import Broken, Lost, Streams, Update
from stigmer_cli.following.transcript import Transcript
from stigmer_cli.running import Request, start
from stigmer_cli.terminal import result, say

__all__ = ["Chat"]

_PROMPT = "you> "
_POLL_SECONDS = 0.2
_MODES = {"/plan": "", "/build": "Carry out the plan."}
"""What a line may begin with, and the message when nothing follows."""
_HELP = """\
A line is a message to the agent. /session shows the session's id, /exit or Ctrl-D leaves.
/plan MESSAGE has the agent look and plan only, /build [MESSAGE] has it carry the plan out.
Ctrl-C cancels the turn that is under way; once more leaves. At a question: y, a, e, s or n."""


@dataclass
class Chat:
    """One chat. session: empty until the first turn made one. environment: variables of every turn.

    fork: session that the chat begins as a copy of.
    """

    client: ServerClient
    agent: Any
    lines: Lines
    session: str = ""
    environment: dict[str, tuple[str, bool]] = field(default_factory=dict)
    fork: str = ""
    failed: bool = False
    out: Transcript = field(default_factory=Transcript)

    def __post_init__(self) -> None:
        """A person reads everything in one place; of a pipe, stdout gets the answers alone."""
        if self.lines.interactive:
            self.out = Transcript(sys.stdout)

    def run(self) -> None:
        """Talk until the user leaves. Raises ExecutionFailedError for a pipe of which a turn failed."""
        if self.lines.interactive:
            name = self.agent.metadata.slug or self.agent.metadata.name
            new = f"a copy of session {self.fork}" if self.fork else "a new session"
            say(f"{name}: {'session ' + self.session if self.session else new}. /help tells more.", "dim")
        interrupted = False
        while True:
            try:
                line = self.lines.ask(_PROMPT)
                interrupted = False
                if line is None or line.strip() in {"/exit", "/quit"}:
                    break
                self._take(line.strip())
            except KeyboardInterrupt as error:  # also just after a line was carried out, before there is a prompt again
                if interrupted or not self.lines.interactive:
                    raise InterruptedByUserError("left", hint=self._how_to_resume()) from error
                interrupted = True
                say("\n/exit, Ctrl-D or Ctrl-C again leaves", "dim")
        self._say_goodbye()

    def _take(self, line: str) -> None:
        if not line:
            return
        if line == "/help":
            say(_HELP)
        elif line == "/session":
            say(self.session or "no session yet: the first message makes one")
        elif line.partition(" ")[0] in _MODES:
            self._turn_in_mode(*line.partition(" ")[::2])
        elif line.startswith("/"):
            say(f"there is no command {line.split(maxsplit=1)[0]}; /help tells which there are", "yellow")
        else:
            self._turn(line)

    def _turn_in_mode(self, mode: str, message: str) -> None:
        message = message.strip() or _MODES[mode]
        if message:
            self._turn(message, plans=mode == "/plan", builds=mode == "/build")
        else:
            say(f"{mode} needs a message: what is to be planned?", "yellow")

    def _turn(self, message: str, *, plans: bool = False, builds: bool = False) -> None:
        fork = "" if self.session else self.fork
        request = Request(message, "", self.session, self.environment, fork, plans, builds)
        try:
            _, execution = start(self.client, kind_by_key("agent"), self.agent, request)
        except CliError as error:
            if not self.lines.interactive or not self.session:
                raise
            say(f"{error.message}" + (f" ({error.hint})" if error.hint else ""), "red")
            return
        self.session = execution.spec.session_id
        final = _Turn(self, execution.metadata.id).run()
        self.failed = self.failed or phase(final) != "COMPLETED"
        if not self.lines.interactive and (answer := answer_of(final)):
            result(answer)

    def _say_goodbye(self) -> None:
        if self.lines.interactive and self.session:
            say(self._how_to_resume(), "dim")
        if self.failed and not self.lines.interactive:
            raise ExecutionFailedError("not every message got an answer", hint=self._how_to_resume())

    def _how_to_resume(self) -> str:
        name = self.agent.metadata.slug or self.agent.metadata.name
        return f"go on with `stigmer-ctl chat {name} --session {self.session}`" if self.session else ""


class _Turn:
    """One execution, followed to its end."""

    def __init__(self, chat: Chat, execution_id: str) -> None:
        self._chat = chat
        self._id = execution_id
        self._view = ChatView(chat.out)
        self._streams = Streams(chat.client)
        self._asked: set[str] = set()
        self._cancelled = False

    def run(self) -> Any:
        """Show it until it ends and return its last state."""
        self._streams.subscribe(kind_by_key("agent_execution"), self._id)
        try:
            while True:
                try:
                    final = self._step()
                except KeyboardInterrupt:
                    self._interrupted()
                    continue
                if final is not None:
                    return final
        finally:
            self._chat.out.close()
            self._streams.close()

    def _step(self) -> Any | None:
        try:
            event = self._streams.events.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return None
        match event:
            case Broken():
                raise translate(event.error, self._chat.client.settings) from event.error
            case Lost():
                self._chat.out.line("connected again" if event.back else "connection lost, waiting", style="yellow")
            case Update():
                self._view.update(event.message)
                if is_terminal(event.message):
                    return event.message
                self._answer(event.message)
        return None

    def _answer(self, execution: Any) -> None:
        """Ask about what waits, each question once."""
        for item in pending_of(execution):
            key = item.request_id or item.tool_call_id
            if key in self._asked or self._cancelled:
                continue
            self._asked.add(key)
            answer = ask(item, execution, self._chat.lines, self._chat.out)
            if answer is None:
                how = how_to_answer(self._id, item, len(execution.status.pending_approvals))
                raise ExecutionFailedError(f"{self._id} waits for an approval", hint=how)
            try:
                self._chat.out.line(submit(self._chat.client, self._id, answer, "table"), style="dim")
            except CliError as error:  # somebody else answered, or it expired meanwhile
                self._chat.out.line(error.message, style="yellow")

    def _interrupted(self) -> None:
        """The first Ctrl-C cancels the turn; the second leaves it to end by itself."""
        if self._cancelled:
            hint = f"see `stigmer-ctl watch {self._id}`"
            raise InterruptedByUserError("left while the turn was being cancelled", hint=hint)
        self._cancelled = True
        self._chat.out.line("cancelling; Ctrl-C again leaves", style="yellow")
        kind = kind_by_key("agent_execution")
        try:
            self._chat.client.call(kind, "cancel", method(kind, "cancel").request(id=self._id))
        except CliError as error:  # it ended by itself, or the server is away
            self._chat.out.line(error.message, style="yellow")
