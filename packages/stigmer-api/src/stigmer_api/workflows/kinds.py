"""The twenty kinds of an uploaded task: what descriptors cannot say about them. Everything else is derived.

Every row names the config's message. A kind that is not `supported` is valid on the wire and refused by name at apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.normaliser import SUPPORTED_KINDS

_TASKS: Final = "ai.stigmer.agentic.workflow.v1.tasks."

CONTROL_FLOW, INVOCATION, AI, DATA, GOVERNANCE, EVENT = range(1, 7)
"""Numbers of TaskKindCategory."""


@dataclass(frozen=True, slots=True)
class TaskKind:
    """One kind. `category` is a TaskKindCategory; `example` is a whole task as YAML.

    `expressions` are config fields whose texts may be `${ }` (or, for `when` and `in`, are expressions).
    `task_lists` are the paths of config fields that hold nested tasks.
    """

    number: int
    name: str
    config: str
    display_name: str
    category: int
    description: str
    example: str
    ai_native: bool = False
    external: bool = False
    expressions: tuple[str, ...] = ()
    task_lists: tuple[tuple[str, ...], ...] = ()

    @property
    def supported(self) -> bool:
        """Whether the workflow runner of this version runs it."""
        return self.name in SUPPORTED_KINDS


TASK_KINDS: Final = (
    TaskKind(
        1, "set_vars", _TASKS + "SetTaskConfig", "Set variables", DATA,
        "Makes a new value of named variables; it is the output of the task.",
        "name: greet\nkind: set_vars\ntask_config:\n  variables:\n    greeting: '${ \"Hello, \\(.name)\" }'\n",
        expressions=("variables",),
    ),
    TaskKind(
        2, "http_call", _TASKS + "HttpCallTaskConfig", "HTTP call", INVOCATION,
        "Makes one HTTP request; the output is the body of the answer. A failed call is a communication error.",
        "name: fetch\nkind: http_call\ntask_config:\n  method: GET\n  endpoint: {uri: 'https://example.com/items'}\n"
        "  headers: {Accept: application/json}\n  timeout_seconds: 30\n",
        external=True, expressions=("method", "endpoint", "headers", "body"),
    ),
    TaskKind(
        3, "grpc_call", _TASKS + "GrpcCallTaskConfig", "gRPC call", INVOCATION,
        "Calls a method of a gRPC service; the output is its answer.",
        "name: look_up\nkind: grpc_call\ntask_config:\n  service: 'localhost:50051/shop.Catalog'\n  method: Get\n"
        "  request: {id: '7'}\n",
        external=True, expressions=("request",),
    ),
    TaskKind(
        4, "activity_call", _TASKS + "CallActivityTaskConfig", "Activity", INVOCATION,
        "Calls a Temporal activity of a worker of your own; the output is its result.",
        "name: convert\nkind: activity_call\ntask_config:\n  activity: convert_image\n  input: {width: 200}\n",
        external=True, expressions=("input",),
    ),
    TaskKind(
        5, "switch_case", _TASKS + "SwitchTaskConfig", "Switch", CONTROL_FLOW,
        "Goes on at the task of the first case that is true. A case without `when` is the default.",
        "name: decide\nkind: switch_case\ntask_config:\n  cases:\n"
        "    - {name: big, when: '${ .total > 100 }', then: end}\n    - {name: other, then: continue}\n",
        expressions=("cases.when",),
    ),
    TaskKind(
        6, "for_each", _TASKS + "ForTaskConfig", "For each", CONTROL_FLOW,
        "Runs its tasks once per item, each on the output of the one before. With max_parallelism, batch_size or an "
        "on_error that goes on, iterations are independent and the output is the list of theirs.",
        "name: every_item\nkind: for_each\ntask_config:\n  each: item\n  in: '${ .items }'\n  do:\n"
        "    - name: keep\n      kind: set_vars\n      task_config: {variables: {last: '${ $item }'}}\n",
        expressions=("in",), task_lists=(("do",),),
    ),
    TaskKind(
        7, "fork", _TASKS + "ForkTaskConfig", "Fork", CONTROL_FLOW,
        "Runs branches at the same time; the output is the list of theirs, or the first one's when they compete.",
        "name: both\nkind: fork\ntask_config:\n  branches:\n"
        "    - name: left\n      do: [{name: a, kind: set_vars, task_config: {variables: {side: left}}}]\n"
        "    - name: right\n      do: [{name: b, kind: set_vars, task_config: {variables: {side: right}}}]\n",
        task_lists=(("branches", "do"),),
    ),
    TaskKind(
        8, "try_catch", _TASKS + "TryTaskConfig", "Try and catch", CONTROL_FLOW,
        "Runs its tasks; when one of them fails, the tasks of `catch` run and the error is a variable there.",
        "name: careful\nkind: try_catch\ntask_config:\n  try:\n"
        "    - {name: risky, kind: raise_error, task_config: {error: runtime, message: no luck}}\n"
        "  catch:\n    as: error\n    do:\n"
        "      - {name: note, kind: set_vars, task_config: {variables: {reason: '${ $error.detail }'}}}\n",
        task_lists=(("try",), ("catch", "do")),
    ),
    TaskKind(
        9, "listen", _TASKS + "ListenTaskConfig", "Listen", EVENT,
        "Waits for one or all of the signals named; the output is what they brought.",
        "name: approval\nkind: listen\ntask_config:\n  to: {mode: one, signals: [{id: approved, type: signal}]}\n",
    ),
    TaskKind(
        10, "wait", _TASKS + "WaitTaskConfig", "Wait", CONTROL_FLOW,
        "Waits for a time or until a time, durably; the output is the input.",
        "name: pause\nkind: wait\ntask_config:\n  duration: {minutes: 5}\n",
    ),
    TaskKind(
        11, "raise_error", _TASKS + "RaiseTaskConfig", "Raise an error", CONTROL_FLOW,
        "Ends the task with an error, which the nearest try_catch around it may catch.",
        "name: refuse\nkind: raise_error\ntask_config:\n  error: validation\n  message: '${ \"no order \\(.id)\" }'\n",
        expressions=("message",),
    ),
    TaskKind(
        12, "run_workflow", _TASKS + "RunTaskConfig", "Run a workflow", INVOCATION,
        "Runs another workflow of the organisation and waits for it; the output is its output.",
        "name: nested\nkind: run_workflow\ntask_config:\n  workflow: other\n  input: {id: '${ .id }'}\n",
        expressions=("input",),
    ),
    TaskKind(
        13, "agent_call", _TASKS + "AgentCallTaskConfig", "Call an agent", AI,
        "Gives an agent a message and waits for its answer: text, executionId and sessionId, and structuredOutput by "
        "the contract in `output`.",
        "name: ask\nkind: agent_call\ntask_config:\n  agent: greeter\n  message: '${ \"Hello, I am \\(.name)\" }'\n",
        ai_native=True, expressions=("agent", "message"),
    ),
    TaskKind(
        14, "llm_call", _TASKS + "LlmCallTaskConfig", "Call a model", AI,
        "Gives a model one prompt; the output is its answer, structured when a schema is given.",
        "name: summarise\nkind: llm_call\ntask_config:\n  model: openai:gpt-5\n  prompt: '${ \"Sum up: \\(.text)\" }'\n"
        "  temperature: 0.2\n",
        ai_native=True, external=True, expressions=("prompt", "system_prompt"),
    ),
    TaskKind(
        15, "transform", _TASKS + "TransformTaskConfig", "Transform", DATA,
        "Makes a new value: by jq, or by text with jq in {{ }}.",
        "name: names\nkind: transform\ntask_config:\n  engine: TRANSFORM_ENGINE_JQ\n  expression: '[.[].name]'\n",
        expressions=("expression", "input"),
    ),
    TaskKind(
        16, "human_input", _TASKS + "HumanInputTaskConfig", "Ask a human", GOVERNANCE,
        "Asks people for a decision or a form and waits for the answer.",
        "name: sign_off\nkind: human_input\ntask_config:\n  prompt: Release this?\n"
        "  outcomes: [{name: approve, then: continue}, {name: deny, then: end}]\n  timeout: 86400\n",
        expressions=("prompt", "payload"),
    ),
    TaskKind(
        17, "validate", _TASKS + "ValidateTaskConfig", "Validate", GOVERNANCE,
        "Holds a value against a JSON schema and rules; the output is {valid, errors, value}.",
        "name: check_order\nkind: validate\ntask_config:\n  input: '${ .order }'\n"
        "  rules: [{name: has_items, expression: '.items | length > 0', message: an order needs items}]\n",
        expressions=("input", "rules.expression"),
    ),
    TaskKind(
        18, "emit_event", _TASKS + "EmitEventTaskConfig", "Emit an event", EVENT,
        "Emits an event for all that listen, and sends it to webhooks and running executions.",
        "name: tell\nkind: emit_event\ntask_config:\n  event: {type: order.paid, data: {id: '${ .id }'}}\n"
        "  delivery: [{webhook: {url: 'https://example.com/hook'}}]\n",
        external=True, expressions=("event.data",),
    ),
    TaskKind(
        19, "notification", _TASKS + "NotificationTaskConfig", "Notify", EVENT,
        "Sends a message to people through a channel of the workflow runner's settings.",
        "name: notify\nkind: notification\ntask_config:\n  channel: email\n  recipients: [ada@example.com]\n"
        "  subject: Done\n  body: The run is done.\n",
        external=True, expressions=("subject", "body"),
    ),
    TaskKind(
        20, "eval", _TASKS + "EvalTaskConfig", "Evaluate", AI,
        "Lets a model judge a value by a rubric.",
        "name: judge\nkind: eval\ntask_config:\n  model: openai:gpt-5\n  subject: '${ .answer }'\n"
        "  rubric: Is the answer polite?\n  scoring_mode: EVAL_NUMERIC_SCORE\n  threshold: 0.8\n",
        ai_native=True, external=True, expressions=("subject", "rubric", "system_prompt"),
    ),
)  # fmt: skip

KIND_BY_NUMBER: Final[Mapping[int, TaskKind]] = {kind.number: kind for kind in TASK_KINDS}
