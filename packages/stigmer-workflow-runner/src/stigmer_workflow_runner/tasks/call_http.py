"""`call: http`: one HTTP request by an activity."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.call_http import METHODS, HttpCall
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.runtime import Call
from stigmer_workflow_runner.step import Step

DEFAULT_TIMEOUT: Final = 300.0
"""Seconds that a call may take when its task has no timeout."""

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


async def run_call_http(call: HttpCall, step: Step) -> Outcome:
    """Make the call. Its idempotency key is made once and kept in the frame."""
    request = _request(call, step)
    step.frame.setdefault("key", step.runtime.uuid())
    request["key"] = step.frame["key"]
    timeout = DEFAULT_TIMEOUT
    if "deadline" in step.frame:
        timeout = max(step.frame["deadline"] - step.runtime.now(), 0.001)
    request["timeout"] = timeout
    summary = f"{request['method']} {request['uri']}"[:200]
    return Outcome(await step.runtime.execute(Call("http", request, timeout, summary=summary)))


def _request(call: HttpCall, step: Step) -> dict[str, Json]:
    method = step.evaluate(call.method)
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise step.fault("expression", f"with.method must be one of {', '.join(sorted(METHODS))}, not {method!r}")
    uri = _expand(step, call.uri.value) if call.uri.constant else step.evaluate(call.uri)
    if not isinstance(uri, str):
        raise step.fault("expression", f"with.endpoint must give text, not {uri!r}")
    return {
        "method": method.upper(),
        "uri": uri,
        "headers": _texts(step, step.evaluate(call.headers), "headers"),
        "query": _query(step, step.evaluate(call.query)),
        "body": None if call.body is None else step.evaluate(call.body),
        "has_body": call.body is not None,
        "output": call.output,
        "redirect": call.redirect,
    }


def _expand(step: Step, uri: str) -> str:
    """Simple expansion: top-level properties of the input, escaped; what is missing is empty."""

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        value = step.given.get(name) if isinstance(step.given, Mapping) else None
        if isinstance(value, dict | list):
            raise step.fault("expression", f"the URI variable {name!r} is neither text, number, boolean nor null")
        return "" if value is None else quote(_plain(value), safe="")

    return _PLACEHOLDER.sub(value_of, uri)


def _plain(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _texts(step: Step, value: Json, what: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise step.fault("expression", f"with.{what} must give an object, not {value!r}")
    for key, item in value.items():
        if isinstance(item, dict | list):
            raise step.fault("expression", f"with.{what}.{key} must be text, number or boolean")
    return {str(key): _plain(item) for key, item in value.items() if item is not None}


def _query(step: Step, value: Json) -> list[list[str]]:
    """Pairs of a query; a list repeats its name."""
    if not isinstance(value, Mapping):
        raise step.fault("expression", f"with.query must give an object, not {value!r}")
    pairs: list[list[str]] = []
    for key, item in value.items():
        items = item if isinstance(item, list) else [item]
        if any(isinstance(part, dict | list) for part in items):
            raise step.fault("expression", f"with.query.{key} must be text, number, boolean or a list of them")
        pairs.extend([str(key), _plain(part)] for part in items if part is not None)
    return pairs
