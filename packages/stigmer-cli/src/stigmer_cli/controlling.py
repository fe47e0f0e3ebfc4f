"""Calls the controls of executions and says what came of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import ParseDict

from stigmer_api.methods import method
from stigmer_cli.client import ServerClient, full_name, has_method
from stigmer_cli.columns import phase
from stigmer_cli.errors import UsageError
from stigmer_cli.output import message_to_dict, to_json, to_yaml
from stigmer_cli.running import find_execution, read_input

_DONE = {
    "cancel": ("cancelled", "CANCELLED"),
    "terminate": ("terminated", "TERMINATED"),
    "pause": ("paused", "PAUSED"),
}
_ASKED = {
    "cancel": "is being cancelled",
    "pause": "holds at its next safe point",
    "resume": "goes on",
    "recover": "starts again",
    "sendSignal": "signalled",
}


def control(client: ServerClient, verb: str, word: str, fields: Mapping[str, str | None], form: str) -> str:
    """Call one control of the execution that `word` names, and return its outcome in a format. Raises CliError."""
    kind, execution = find_execution(client, word)
    if not has_method(kind, verb):
        raise UsageError(f"{kind.name} {execution.metadata.id} takes no signals", hint="signals are for workflows")
    request: Any = method(kind, verb).request()
    known = request.DESCRIPTOR.fields_by_name
    setattr(request, "id" if "id" in known else "execution_id", execution.metadata.id)
    for name, value in fields.items():
        if value and name in known:
            _fill(request, name, value)
    after = client.call(kind, verb, request)
    if form == "name":
        return full_name(kind, after)
    if form in {"json", "yaml"}:
        body = message_to_dict(after)
        return to_json(body) if form == "json" else to_yaml(body)
    return f"{full_name(kind, after)} {_outcome(verb, phase(after))}"


def _fill(request: Any, name: str, value: str) -> None:
    if name != "payload":
        setattr(request, name, value)
        return
    content = json.loads(read_input(value))
    if not isinstance(content, dict):
        raise UsageError("--payload must be a JSON object", hint="for example: --payload '{\"approved\": true}'")
    ParseDict(content, request.payload)


def _outcome(verb: str, now: str) -> str:
    done, wanted = _DONE.get(verb, ("", ""))
    return done if wanted and now == wanted else _ASKED.get(verb, done)
