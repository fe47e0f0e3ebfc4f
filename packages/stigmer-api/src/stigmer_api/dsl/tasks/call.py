"""`call`: something outside. This file only finds the kind of call; each kind has its own file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader
from stigmer_api.dsl.tasks.call_a2a import read_a2a_call
from stigmer_api.dsl.tasks.call_activity import read_activity_call
from stigmer_api.dsl.tasks.call_agent import read_agent_call
from stigmer_api.dsl.tasks.call_asyncapi import read_asyncapi_call
from stigmer_api.dsl.tasks.call_function import read_function_call
from stigmer_api.dsl.tasks.call_grpc import read_grpc_call
from stigmer_api.dsl.tasks.call_http import read_http_call
from stigmer_api.dsl.tasks.call_mcp import read_mcp_call
from stigmer_api.dsl.tasks.call_model import read_eval_call, read_llm_call
from stigmer_api.dsl.tasks.call_openapi import read_openapi_call
from stigmer_api.dsl.tasks.call_send import read_notify_call, read_signal_call
from stigmer_api.dsl.tasks.call_validate import read_validate_call
from stigmer_api.dsl.tasks.human_input import read_human_call

CALLS: Final[Mapping[str, Callable[[Reader, Json, str], Any]]] = {
    "http": read_http_call,
    "grpc": read_grpc_call,
    "openapi": read_openapi_call,
    "asyncapi": read_asyncapi_call,
    "a2a": read_a2a_call,
    "mcp": read_mcp_call,
    "agent": read_agent_call,
    "activity": read_activity_call,
    "human": read_human_call,
    "llm": read_llm_call,
    "eval": read_eval_call,
    "validate": read_validate_call,
    "signal": read_signal_call,
    "notify": read_notify_call,
}


class CallType:
    """Reads `call` and `with`."""

    keys = ("call", "with")

    def read(self, reader: Reader, name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Any]:
        """Compile the call by its kind."""
        called = reader.text(fields["call"], child(pointer, "call"))
        read = CALLS.get(called)
        if read is not None:
            if "with" not in fields:
                reader.problem(pointer, f"the task {name!r} needs 'with'")
                return f"call {called}", None
            return f"call {called}", read(reader, fields["with"], child(pointer, "with"))
        if called:
            return "call function", read_function_call(reader, called, fields, pointer, tuple(CALLS))
        return f"call {called}", None
