"""`call: validate`: judges a value in memory. Output: `{valid, errors, value}`, `errors` as `{rule, message}`."""

from __future__ import annotations

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.schemas import violation
from stigmer_api.dsl.tasks.call_validate import RAISE, Failing, Validate
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step

SCHEMA = "schema"


async def run_call_validate(check: Validate, step: Step) -> Outcome:
    """Hold the value against the schema, then against every rule."""
    value = step.evaluate(check.value)
    errors: list[Json] = []
    wrong = violation(check.schema, value) if check.schema is not None else ""
    if wrong:
        errors.append({"rule": SCHEMA, "message": wrong})
    errors += [
        {"rule": rule.name, "message": rule.message or f"the rule {rule.name} does not hold"}
        for rule in check.rules
        if rule.expression is not None and not step.test(rule.expression, value)
    ]
    output = {"valid": not errors, "errors": errors, "value": value}
    detail = "; ".join(f"{error['rule']}: {error['message']}" for error in errors)
    return verdict(check.failing, step, output, detail)


def verdict(failing: Failing, step: Step, output: Json, wrong: str) -> Outcome:
    """What a judgement leads to; `wrong` is empty when it is good."""
    if wrong and failing.mode == RAISE:
        raise step.fault("validation", wrong)
    return Outcome(output, failing.fallback if wrong else None)
