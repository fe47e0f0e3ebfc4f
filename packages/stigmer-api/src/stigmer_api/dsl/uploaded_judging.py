"""Uploaded tasks about values and models: transform, validate, llm_call, eval, and the options of agent_call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import is_expression
from stigmer_api.dsl.problems import Problem

if TYPE_CHECKING:
    from stigmer_api.dsl.normaliser import _Builder as Builder
    from stigmer_api.dsl.normaliser import _Place as Place

_JQ, _TEMPLATE = (1, "TRANSFORM_ENGINE_JQ"), (3, "TRANSFORM_ENGINE_TEMPLATE")
_FAILING: Final[Mapping[Json, str]] = {
    2: "branch", 3: "warn",
    "VALIDATION_FAIL_BRANCH": "branch", "VALIDATION_FAIL_WARN": "warn",
    "EVAL_FAIL_BRANCH": "branch", "EVAL_FAIL_WARN": "warn",
}  # fmt: skip
_INVALID: Final[Mapping[Json, str]] = {
    2: "retry",
    3: "fallback",
    "ON_INVALID_RETRY": "retry",
    "ON_INVALID_FALLBACK": "fallback",
}
_SCORING: Final[Mapping[Json, str]] = {
    2: "numeric", 3: "criteria", "EVAL_NUMERIC_SCORE": "numeric", "EVAL_MULTI_CRITERIA": "criteria",
}  # fmt: skip


def transform(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """A `set` of the expression's value."""
    builder.comes_from(place, set="expression", input_from="input")
    engine, text = config.get("engine"), str(config.get("expression", ""))
    body: dict[str, Json] = {"input": {"from": config["input"]}} if config.get("input") else {}
    if engine in _TEMPLATE:
        try:
            return {**body, "set": "${ " + template_expression(text) + " }"}
        except ValueError as error:
            builder.problems.append(Problem(f"{place.source}/expression", str(error)))
            return {**body, "set": {}}
    if engine not in (*_JQ, None, 0):
        why = f"the engine {engine} is not supported: use TRANSFORM_ENGINE_JQ or TRANSFORM_ENGINE_TEMPLATE"
        builder.problems.append(Problem(f"{place.source}/engine", why))
        return {**body, "set": {}}
    return {**body, "set": text if is_expression(text) else f"${{ {text} }}"}


def template_expression(text: str) -> str:
    """Text with jq in `{{ }}` or `${ }` as one jq expression that gives text. Raises ValueError."""
    parts, rest = [], text
    while True:
        start, opening, closing = min(
            ((at, o, c) for o, c in (("{{", "}}"), ("${", "}")) if (at := rest.find(o)) >= 0), default=(-1, "", "")
        )
        if start < 0:
            break
        end = _closing(rest, start + len(opening), closing)
        inner = rest[start + len(opening) : end].strip()
        if end < 0 or not inner:
            raise ValueError(f"{opening} without an expression and {closing} in the template")
        parts += [json.dumps(rest[:start]), f'(({inner}) | if type == "string" then . else tojson end)']
        rest = rest[end + len(closing) :]
    return " + ".join([*parts, json.dumps(rest)])


def _closing(text: str, start: int, closing: str) -> int:
    """Where the expression that starts there ends: braces and texts inside it do not count."""
    depth, quoted, at = 0, False, start
    while at < len(text):
        char = text[at]
        if quoted:
            at += char == "\\"
            quoted = char != '"'
        elif not depth and text.startswith(closing, at):
            return at
        else:
            quoted = char == '"'
            depth += (char == "{") - (char == "}")
        at += 1
    return -1


def validate(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """A judgement by schema and rules; its output is `{valid, errors, value}`."""
    builder.comes_from(
        place, **{"with": "", "with_value": "input", "with_onFail": "on_fail", "with_fallback": "fallback_task"}
    )
    judged = {key: config[key] for key in ("schema", "rules") if config.get(key)}
    return {"call": "validate", "with": {"value": config.get("input", ""), **judged, **_failing(config)}}


def llm_call(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """One question; its output is `{text, model, usage}`, and `structured` when there is a schema."""
    names = {"model": "model", "prompt": "prompt", "system": "system_prompt", "temperature": "temperature",
             "maxTokens": "max_tokens", "maxTotalTokens": "max_total_tokens"}  # fmt: skip
    builder.comes_from(place, **{"with": "", "with_output": ""})
    builder.comes_from(place, **{f"with_{target}": source for target, source in names.items()})
    builder.refuse(config, place.source, "max_cost_micros")
    question: dict[str, Json] = {
        target: _whole(config[source]) for target, source in names.items() if config.get(source)
    }
    if config.get("timeout"):
        question["timeout"] = {"seconds": config["timeout"]}
    if config.get("response_schema"):
        question["output"] = _contract({**config, "schema": config["response_schema"]})
        builder.comes_from(place, with_output_schema="response_schema")
    else:
        builder.refuse(config, place.source, "fallback_task", "max_retries")
    return {"call": "llm", "with": question}


def evaluation(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """A model's judgement; its output is `{passed, score, reasoning, criteria, model, usage}`."""
    names = {"model": "model", "subject": "subject", "rubric": "rubric", "system": "system_prompt",
             "threshold": "threshold", "criteria": "criteria"}  # fmt: skip
    builder.comes_from(
        place,
        **{"with": "", "with_onFail": "on_fail", "with_fallback": "fallback_task", "with_scoring": "scoring_mode"},
    )
    builder.comes_from(place, **{f"with_{target}": source for target, source in names.items()})
    builder.refuse(config, place.source, "max_cost_micros")
    question: dict[str, Json] = {target: config[source] for target, source in names.items() if config.get(source)}
    if config.get("scoring_mode") in _SCORING:
        question["scoring"] = _SCORING[config["scoring_mode"]]
    return {"call": "eval", "with": {**question, **_failing(config)}}


def agent_call(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """An agent's answer; its output is `{text, executionId, sessionId}` and `structuredOutput` by the contract."""
    names = {"env": "env", "config": "run_config", "harness": "harness", "workspace": "workspace_entries"}
    builder.comes_from(place, **{"with": "", "with_output": "output", "with_output_fallback": "output/fallback_task"})
    builder.comes_from(place, **{f"with_{target}": source for target, source in names.items()})
    builder.refuse(config, place.source, "environment_refs")
    asked: dict[str, Json] = {key: config[key] for key in ("agent", "message") if key in config}
    asked.update({target: config[source] for target, source in names.items() if config.get(source)})
    if config.get("output"):
        asked["output"] = _contract(config["output"])
    return {"call": "agent", "with": asked}


def _failing(config: Mapping[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    if config.get("on_fail") in _FAILING:
        found["onFail"] = _FAILING[config["on_fail"]]
    if config.get("fallback_task"):
        found["fallback"] = config["fallback_task"]
    return found


def _contract(config: Mapping[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {"schema": config.get("schema") or {}}
    if config.get("on_invalid") in _INVALID:
        found["onInvalid"] = _INVALID[config["on_invalid"]]
    if config.get("max_retries"):
        found["maxRetries"] = config["max_retries"]
    if config.get("fallback_task"):
        found["fallback"] = config["fallback_task"]
    return found


def _whole(value: Json) -> Json:
    """64 bit integers are text in JSON of protobuf."""
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 20 else value
