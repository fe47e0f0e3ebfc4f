"""Starts executions and ends commands as their executions end."""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stigmer_api.kinds import API_VERSION, Kind, kind_by_key, kind_of_id
from stigmer_cli.attaching import Attachment, attach
from stigmer_cli.client import MissingError, ServerClient, full_name, is_id, name_of, parse_kind
from stigmer_cli.columns import phase
from stigmer_cli.errors import (
    ExecutionFailedError,
    InterruptedByUserError,
    NotRunningError,
    RequestFailedError,
    UsageError,
)
from stigmer_cli.following.follow import answer_of, follow
from stigmer_cli.following.streams import RECONNECT_SECONDS
from stigmer_cli.output import message_to_dict, to_json
from stigmer_cli.terminal import result, say

RUNNABLE = ("workflow", "agent")
CREATE_SECONDS = 15.0
"""How long a creation is tried again when the server goes away in the middle: the request id makes that safe."""


@dataclass(frozen=True, slots=True)
class Request:
    """What `run` was asked for. input_json: JSON text as it was given, or empty. fork: session to begin as a copy of.

    plans: only plan. builds: carry out the session's plan. attachments: files for an agent.
    """

    message: str = ""
    input_json: str = ""
    session: str = ""
    environment: dict[str, tuple[str, bool]] = field(default_factory=dict)
    fork: str = ""
    plans: bool = False
    builds: bool = False
    attachments: tuple[Attachment, ...] = ()


def find_runnable(client: ServerClient, word: str) -> tuple[Kind, Any]:
    """Return the workflow or agent that KIND/NAME, an id, or a name (workflow first) means."""
    kind_word, slash, name = word.partition("/")
    if slash:
        kind = parse_kind(kind_word)
        if kind.key not in RUNNABLE:
            raise UsageError(f"{kind.name} is not a kind that can be run", hint="run a workflow/NAME or an agent/NAME")
        return kind, client.get(kind, name)
    by_id = kind_of_id(word) if is_id(word) else None
    if by_id is not None:
        return find_runnable(client, f"{by_id.name}/{word}")
    hints = []
    for key in RUNNABLE:
        kind = kind_by_key(key)
        try:
            return kind, client.get(kind, word)
        except MissingError as error:
            hints.append(error.message)
    raise MissingError("; ".join(hints), hint="see `stigmer-ctl get workflows` and `stigmer-ctl get agents`")


def read_input(text: str | None) -> str:
    """Return --input as JSON text: given itself, in @FILE, or on standard input with "-". Raises UsageError."""
    if text is None:
        return ""
    if text == "-":
        text, source = sys.stdin.read(), "standard input"
    elif text.startswith("@"):
        source = text[1:]
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the input {source}: {error}") from error
    else:
        source = "--input"
    try:
        json.loads(text)
    except ValueError as error:
        raise UsageError(f"{source} is not JSON: {error}", hint='for example: --input \'{"name": "Ada"}\'') from error
    return text


def read_environment(items: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Return KEY=VALUE and secret:KEY=VALUE as (value, is secret) by key. Raises UsageError."""
    found: dict[str, tuple[str, bool]] = {}
    for item in items:
        secret = item.startswith("secret:")
        key, equals, value = item.removeprefix("secret:").partition("=")
        if not equals or not key.strip() or not value:
            raise UsageError(f"--env {key or item} is not KEY=VALUE", hint="for a secret: --env secret:KEY=VALUE")
        found[key.strip()] = (value, secret)
    return found


def start(client: ServerClient, target_kind: Kind, target: Any, request: Request) -> tuple[Kind, Any]:
    """Create the execution and return it as stored."""
    if target_kind.key == "agent":
        kind, execution = kind_by_key("agent_execution"), _agent_execution(target, request)
    else:
        kind, execution = kind_by_key("workflow_execution"), _workflow_execution(target, request)
    meta = execution.metadata
    meta.request_id = uuid.uuid4().hex
    meta.name = f"{name_of(target_kind, target)}-{meta.request_id[:8]}"
    meta.org = target.metadata.org
    for key, (value, secret) in request.environment.items():
        execution.spec.runtime_env[key].value = value
        execution.spec.runtime_env[key].is_secret = secret
    if request.attachments:
        attach(client, execution, request.attachments)
    return kind, _create(client, kind, execution)


def _agent_execution(target: Any, request: Request) -> Any:
    if not request.message:
        raise UsageError("an agent needs a message", hint="say it by -m TEXT")
    if request.session and request.fork:
        raise UsageError("--session goes on in a session, --fork begins another one", hint="choose one of them")
    if request.plans and request.builds:
        raise UsageError("--plan makes a plan, --build carries it out", hint="choose one of them")
    if request.input_json:
        raise UsageError("an agent takes no --input", hint="say what it needs by -m TEXT")
    execution: Any = kind_by_key("agent_execution").message(api_version=API_VERSION, kind="AgentExecution")
    execution.spec.agent_id = target.metadata.id
    execution.spec.message = request.message
    execution.spec.session_id = request.session
    if request.fork:
        execution.spec.session_spec.fork_of_session_id = request.fork
    config = execution.spec.execution_config
    if request.plans:
        config.MergeFrom(type(config)(interaction_mode="INTERACTION_MODE_PLAN"))
    if request.builds:
        config.build_from_plan = True
    return execution


def _workflow_execution(target: Any, request: Request) -> Any:
    if request.session or request.fork:
        raise UsageError("a workflow has no session", hint="--session and --fork are for agents")
    if request.plans or request.builds:
        raise UsageError("a workflow makes no plan", hint="--plan and --build are for agents")
    if request.attachments:
        raise UsageError("a workflow takes no files", hint="--attach is for agents; give a workflow --input @FILE")
    execution: Any = kind_by_key("workflow_execution").message(api_version=API_VERSION, kind="WorkflowExecution")
    execution.spec.workflow_id = target.metadata.id
    execution.spec.trigger_message = request.message
    execution.spec.input_json = request.input_json
    return execution


def _create(client: ServerClient, kind: Kind, execution: Any) -> Any:
    """Create; when the server goes away meanwhile, ask again: the same request id never makes a second one."""
    deadline = time.monotonic() + CREATE_SECONDS
    while True:
        try:
            return client.call(kind, "create", execution)
        except NotRunningError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def watch_to_end(
    client: ServerClient, kind: Kind, execution_id: str, form: str, *, reconnect_seconds: float = RECONNECT_SECONDS
) -> None:
    """Follow an execution and end as it ends: its output on stdout, ExecutionFailedError unless COMPLETED."""
    try:
        final = follow(client, kind, execution_id, reconnect_seconds=reconnect_seconds)
    except KeyboardInterrupt as error:
        raise InterruptedByUserError(
            f"detached; {execution_id} goes on", hint=f"watch it again with `stigmer-ctl watch {execution_id}`"
        ) from error
    except NotRunningError as error:
        raise NotRunningError(
            error.message, hint=f"{error.hint}, then `stigmer-ctl watch {execution_id}`: nothing is lost"
        ) from error
    show_result(kind, final, form)


def show_result(kind: Kind, final: Any, form: str) -> None:
    """Print what an ended execution gave. Raises ExecutionFailedError unless it is COMPLETED."""
    if form == "json":
        result(to_json(message_to_dict(final)))
    elif phase(final) == "COMPLETED":
        output = output_of(kind, final)
        if output:
            result(output)
    if phase(final) != "COMPLETED":
        raise ExecutionFailedError(
            f"{full_name(kind, final)} ended {phase(final)}"
            + (f": {final.status.error}" if final.status.error else ""),
            hint=f"see `stigmer-ctl describe {final.metadata.id}` and `stigmer-ctl logs {final.metadata.id}`",
        )


def output_of(kind: Kind, final: Any) -> str:
    """Return the output of a workflow as indented JSON, or the answer of an agent as text."""
    status = final.status
    if kind.key == "workflow_execution":
        if status.output_json:
            return to_json(json.loads(status.output_json))
        return to_json(message_to_dict(status.output)) if status.HasField("output") else ""
    if status.HasField("structured_output"):
        return to_json(message_to_dict(status.structured_output))
    return answer_of(final)


def announce(kind: Kind, execution: Any) -> None:
    """Say which execution was started."""
    say(f"started {full_name(kind, execution)}")


def find_execution(client: ServerClient, word: str) -> tuple[Kind, Any]:
    """Return the execution that an id, or KIND/ID, names."""
    _, _, name = word.rpartition("/")
    kind = kind_of_id(name) if is_id(name) else None
    if kind is None or not kind.key.endswith("_execution"):
        raise UsageError(f"{word!r} is not the id of an execution", hint="see `stigmer-ctl get workflowexecutions`")
    try:
        return kind, client.get(kind, name)
    except RequestFailedError as error:
        raise type(error)(error.message, hint="see `stigmer-ctl get workflowexecutions`") from error
