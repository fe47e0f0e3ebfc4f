"""How each task of a document runs, one file per task type. What a task may look like is `stigmer_api.dsl.tasks`.

A task must not do I/O: it asks the `Runtime` of its step.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from stigmer_api.dsl.tasks.call_a2a import A2aCall
from stigmer_api.dsl.tasks.call_activity import ActivityCall
from stigmer_api.dsl.tasks.call_agent import AgentCall
from stigmer_api.dsl.tasks.call_asyncapi import AsyncApiCall
from stigmer_api.dsl.tasks.call_function import FunctionCall
from stigmer_api.dsl.tasks.call_grpc import GrpcCall
from stigmer_api.dsl.tasks.call_http import HttpCall
from stigmer_api.dsl.tasks.call_mcp import McpCall
from stigmer_api.dsl.tasks.call_model import EvalCall, LlmCall
from stigmer_api.dsl.tasks.call_openapi import OpenApiCall
from stigmer_api.dsl.tasks.call_send import NotifyCall, SignalCall
from stigmer_api.dsl.tasks.call_validate import Validate
from stigmer_api.dsl.tasks.do import Do
from stigmer_api.dsl.tasks.emit import Emit
from stigmer_api.dsl.tasks.for_ import For
from stigmer_api.dsl.tasks.fork import Fork
from stigmer_api.dsl.tasks.human_input import HumanInput
from stigmer_api.dsl.tasks.listen import Listen
from stigmer_api.dsl.tasks.raise_ import Raise
from stigmer_api.dsl.tasks.run import RunWorkflow
from stigmer_api.dsl.tasks.run_process import RunProcess
from stigmer_api.dsl.tasks.set_ import Set
from stigmer_api.dsl.tasks.switch import Switch
from stigmer_api.dsl.tasks.try_ import Try
from stigmer_api.dsl.tasks.wait import Wait
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_a2a import run_call_a2a
from stigmer_workflow_runner.tasks.call_activity import run_call_activity
from stigmer_workflow_runner.tasks.call_agent import run_call_agent
from stigmer_workflow_runner.tasks.call_asyncapi import run_call_asyncapi
from stigmer_workflow_runner.tasks.call_function import run_call_function
from stigmer_workflow_runner.tasks.call_grpc import run_call_grpc
from stigmer_workflow_runner.tasks.call_http import run_call_http
from stigmer_workflow_runner.tasks.call_mcp import run_call_mcp
from stigmer_workflow_runner.tasks.call_model import run_call_eval, run_call_llm
from stigmer_workflow_runner.tasks.call_openapi import run_call_openapi
from stigmer_workflow_runner.tasks.call_send import run_call_notify, run_call_signal
from stigmer_workflow_runner.tasks.call_validate import run_call_validate
from stigmer_workflow_runner.tasks.do import run_do
from stigmer_workflow_runner.tasks.emit import run_emit
from stigmer_workflow_runner.tasks.for_ import run_for
from stigmer_workflow_runner.tasks.fork import run_fork
from stigmer_workflow_runner.tasks.human_input import run_human_input
from stigmer_workflow_runner.tasks.listen import run_listen
from stigmer_workflow_runner.tasks.raise_ import run_raise
from stigmer_workflow_runner.tasks.run import run_workflow
from stigmer_workflow_runner.tasks.run_process import run_process
from stigmer_workflow_runner.tasks.set_ import run_set
from stigmer_workflow_runner.tasks.switch import run_switch
from stigmer_workflow_runner.tasks.try_ import run_try
from stigmer_workflow_runner.tasks.wait import run_wait

Body = Callable[[Any, Step], Awaitable[Outcome]]

BODIES: Final[Mapping[type, Body]] = {
    A2aCall: run_call_a2a,
    ActivityCall: run_call_activity,
    AgentCall: run_call_agent,
    AsyncApiCall: run_call_asyncapi,
    Do: run_do,
    Emit: run_emit,
    EvalCall: run_call_eval,
    For: run_for,
    Fork: run_fork,
    FunctionCall: run_call_function,
    GrpcCall: run_call_grpc,
    HttpCall: run_call_http,
    HumanInput: run_human_input,
    Listen: run_listen,
    LlmCall: run_call_llm,
    McpCall: run_call_mcp,
    NotifyCall: run_call_notify,
    OpenApiCall: run_call_openapi,
    Raise: run_raise,
    RunProcess: run_process,
    RunWorkflow: run_workflow,
    Set: run_set,
    SignalCall: run_call_signal,
    Switch: run_switch,
    Try: run_try,
    Validate: run_call_validate,
    Wait: run_wait,
}
"""How a compiled body runs, by its class. A document compiles only to what is here; a test holds both together."""
