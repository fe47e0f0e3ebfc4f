"""What leaves the workflow for an activity: values, and expressions that only the activity may evaluate.

An expression that needs a secret, or the authorization in use, travels as text with the data it works on and with its
place in the argument. So no secret value is ever in the workflow, and nothing in the data can pass for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from stigmer_api.dsl.authentication import Authentication
from stigmer_api.dsl.endpoints import Endpoint
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template, compile_expression
from stigmer_api.dsl.hidden import AUTHORIZATION, HIDDEN, SECRETS, has_placeholders, placeholders
from stigmer_workflow_runner.step import Step

_VARIABLE = re.compile(r"(?<!\$)\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class _Sealed:
    """An expression that stays as it is until it is in its activity."""

    expression: Expression


class Parcel:
    """Collects the values of one call's templates and makes the activity's argument of them."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self.sealed = False

    def take(self, template: Template) -> Any:
        """The value of a template; parts that are sealed can only be handed on, inside the argument."""
        return template.value if template.constant else template.evaluate(self._evaluate)

    def _evaluate(self, expression: Expression) -> Any:
        if expression.variables & HIDDEN:
            self.sealed = True
            return _Sealed(expression)
        return self._step.engine.expression(expression, self._step.given, self._step.lookup)

    def uri(self, endpoint: Endpoint) -> Any:
        """The URI of an endpoint, with the variables of a literal one filled in."""
        if not endpoint.literal:
            return self.take(endpoint.uri)
        text = expand(self._step, str(endpoint.uri.value))
        if not has_placeholders(text):
            return text
        self.sealed = True
        return _Sealed(compile_expression(placeholders(text)))

    def authentication(self, policy: Authentication | None) -> Json:
        """A policy as the activity reads it: `{kind, fields}` or `{kind, secret}`; null without one."""
        if policy is None:
            return None
        if policy.secret:
            return {"kind": policy.kind, "secret": policy.secret}
        return {"kind": policy.kind, "fields": self.take(policy.fields)}

    def resource(self, endpoint: Endpoint) -> dict[str, Json]:
        """An external resource as the activity reads it: `{uri, authentication}`."""
        return {"uri": self.uri(endpoint), "authentication": self.authentication(endpoint.authentication)}

    def close(self, argument: Mapping[str, Any]) -> dict[str, Json]:
        """The argument as JSON, with `sealed` for what the activity has to evaluate, and whose secrets it may use."""
        places: list[tuple[list[str | int], Expression]] = []
        found: dict[str, Json] = _opened(argument, [], places)
        if places:
            found["sealed"] = self._sealed(places)
        workflow = self._step.engine.workflow
        if workflow.secrets or workflow.variables:
            found["execution"] = {"id": self._step.lookup("workflow")["id"], "secrets": list(workflow.secrets)}
        return found

    def _sealed(self, places: list[tuple[list[str | int], Expression]]) -> dict[str, Json]:
        names = sorted({name for _, expression in places for name in expression.variables} - HIDDEN)
        on_input = any(expression.variables & {SECRETS, AUTHORIZATION} for _, expression in places)
        return {
            "given": self._step.given if on_input else None,
            "variables": {name: self._step.lookup(name) for name in names},
            "places": [[path, expression.text] for path, expression in places],
            "now": self._step.runtime.now(),
        }


def _opened(value: Any, path: list[str | int], places: list[tuple[list[str | int], Expression]]) -> Any:
    """The value with null where something is sealed, whose places are noted."""
    if isinstance(value, _Sealed):
        places.append((path, value.expression))
        return None
    if isinstance(value, Mapping):
        return {key: _opened(item, [*path, key], places) for key, item in value.items()}
    if isinstance(value, list):
        return [_opened(item, [*path, index], places) for index, item in enumerate(value)]
    return value


def expand(step: Step, uri: str) -> str:
    """Simple expansion: top-level properties of the input, escaped; what is missing is empty."""

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        value = step.given.get(name) if isinstance(step.given, Mapping) else None
        if isinstance(value, dict | list):
            raise step.fault("expression", f"the URI variable {name!r} is neither text, number, boolean nor null")
        return "" if value is None else quote(plain(value), safe="")

    return _VARIABLE.sub(value_of, uri)


def plain(value: Json) -> str:
    """A scalar as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
