"""Which variables an execution runs with: decided here and nowhere else. Pure: no store, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stigmer_api.errors import FailedPrecondition, FieldViolation

if TYPE_CHECKING:
    from stigmer_api._pb.ai.stigmer.agentic.environment.v1.io_pb2 import EnvVarDeclaration

__all__ = ["Declared", "Layer", "Resolved", "Variable", "missing_variables", "resolve"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One value. A secret one is kept out of the repr, so that no log line can hold it."""

    value: str = field(repr=False)
    is_secret: bool


@dataclass(frozen=True, slots=True)
class Declared:
    """What a template says of the variables that it needs: `by` names the template ("agent greeter")."""

    by: str
    variables: Mapping[str, EnvVarDeclaration]


Layer = Mapping[str, Any]
"""Values by name, each with `value` and `is_secret`: the data of an Environment, or a runtime_env."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The variables of an execution, and those it needs and has not: (name, who declares it, description)."""

    variables: Mapping[str, Variable]
    missing: tuple[tuple[str, str, str], ...]


def resolve(declared: Iterable[Declared], layers: Iterable[Layer]) -> Resolved:
    """Values of later layers go before those of earlier ones.

    A name that is secret in a declaration or in any layer is secret. A secret without value says nothing, so it hides
    no earlier value; a variable that nobody marks secret may well be empty on purpose. Needed is what a declaration
    does not call optional; an empty value does not serve the need.
    """
    templates, values = list(declared), list(layers)
    secret = {name for template in templates for name, item in template.variables.items() if item.is_secret}
    secret.update(name for layer in values for name, item in layer.items() if item.is_secret)
    found: dict[str, str] = {}
    for layer in values:
        found.update({name: item.value for name, item in layer.items() if item.value or name not in secret})
    missing = {
        name: (name, template.by, item.description)
        for template in reversed(templates)
        for name, item in template.variables.items()
        if not item.optional and not found.get(name)
    }
    variables = {name: Variable(found[name], name in secret) for name in sorted(found)}
    return Resolved(variables, tuple(missing[name] for name in sorted(missing)))


def missing_variables(missing: Iterable[tuple[str, str, str]]) -> FailedPrecondition:
    """The error that names every variable that is needed and not given."""
    violations = [
        FieldViolation(
            f'spec.runtime_env["{name}"]',
            f"{by} needs {name}{f' ({description})' if description else ''}: give it in runtime_env, or in an "
            "environment that the instance refers to",
        )
        for name, by, description in missing
    ]
    names = ", ".join(name for name, _, _ in missing)
    return FailedPrecondition(
        f"variables without a value: {names}; nothing was started",
        reason="VARIABLES_MISSING",
        metadata={"variables": names},
        violations=violations,
    )
