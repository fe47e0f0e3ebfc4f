"""`call: human`: asks people for a decision, and for a form when it has one. Ours: the DSL has no people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.model import Duration
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader
from stigmer_api.dsl.schemas import SchemaInvalidError, checked

FAIL, DENY, ESCALATE = "fail", "deny", "escalate"
DENIALS: Final = ("deny", "reject", "denied", "rejected", "no")
"""Names of outcomes that say no, the first that is offered counts."""

_KEYS: Final = (
    "prompt", "form", "outcomes", "approvers", "payload", "timeout", "onTimeout", "uiHint", "channels", "remind",
    "escalate",
)  # fmt: skip
_LONGEST: Final = 63


@dataclass(frozen=True, slots=True)
class HumanOutcome:
    """One possible answer; `then` is where it leads, None for the task's own `then`."""

    name: str
    label: str = ""
    then: str | None = None


DEFAULT_OUTCOMES: Final = (HumanOutcome("approve", "Approve"), HumanOutcome("reject", "Reject"))


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens when nobody answered in time: who may answer instead, who is told, and for how long it waits again.

    What is None is as before. `on_timeout`, fail or deny, is what follows in the end.
    """

    approvers: Template | None = None
    channels: Template | None = None
    timeout: Duration | None = None
    on_timeout: str = FAIL


@dataclass(frozen=True, slots=True)
class HumanInput:
    """The question. `form` is a JSON schema; `on_timeout` is fail (a timeout error) or deny (the outcome that says no).

    A timeout never approves. `channels` are told of the question, every `remind` again, and when it is escalated.
    """

    prompt: Template
    outcomes: tuple[HumanOutcome, ...]
    form: Mapping[str, Json] | None = None
    approvers: Template | None = None
    payload: Template | None = None
    timeout: Duration | None = None
    on_timeout: str = FAIL
    ui_hint: str = ""
    channels: Template | None = None
    remind: Duration | None = None
    escalation: Escalation | None = None

    @property
    def denial(self) -> HumanOutcome | None:
        """The outcome that says no."""
        by_name = {outcome.name: outcome for outcome in self.outcomes}
        return next((by_name[name] for name in DENIALS if name in by_name), None)


def read_human_call(reader: Reader, value: Json, pointer: str) -> HumanInput:
    """Compile `with` of `call: human`."""
    found = reader.fields(value, pointer, _KEYS, required=("prompt",))
    prompt = reader.template(found.get("prompt", ""), child(pointer, "prompt"))
    if prompt.constant and "prompt" in found:
        reader.text(prompt.value, child(pointer, "prompt"))
    human = HumanInput(
        prompt,
        reader.optional(found, "outcomes", pointer, lambda v, p: _read_outcomes(reader, v, p)) or DEFAULT_OUTCOMES,
        form=reader.optional(found, "form", pointer, lambda v, p: _read_form(reader, v, p)),
        approvers=reader.optional(found, "approvers", pointer, lambda v, p: _read_names(reader, v, p)),
        payload=reader.optional(found, "payload", pointer, reader.template),
        timeout=reader.optional(found, "timeout", pointer, reader.duration),
        on_timeout=_read_policy(reader, found, pointer, (FAIL, DENY, ESCALATE)),
        ui_hint=reader.optional(found, "uiHint", pointer, lambda v, p: _short(reader, v, p)) or "",
        channels=reader.optional(found, "channels", pointer, lambda v, p: _read_names(reader, v, p)),
        remind=reader.optional(found, "remind", pointer, reader.duration),
        escalation=_read_escalation(reader, found, pointer),
    )
    final = human.escalation.on_timeout if human.escalation is not None else human.on_timeout
    if final == DENY and human.denial is None:
        names = ", ".join(DENIALS)
        reader.problem(child(pointer, "onTimeout"), f"deny needs an outcome that says no: one of {names}")
    if human.remind is not None and human.channels is None:
        reader.problem(child(pointer, "remind"), "needs 'channels': who is reminded")
    return human


def _read_escalation(reader: Reader, fields: Mapping[str, Json], pointer: str) -> Escalation | None:
    wanted, place = fields.get("onTimeout") == ESCALATE, child(pointer, "escalate")
    if not wanted:
        if "escalate" in fields:
            reader.problem(place, f"needs 'onTimeout: {ESCALATE}'")
        return None
    if "timeout" not in fields:
        reader.problem(child(pointer, "onTimeout"), "escalate needs 'timeout': when it happens")
    found = reader.fields(fields.get("escalate", {}), place, ("approvers", "channels", "timeout", "onTimeout"))
    if not {"channels", "approvers"} & found.keys() and "channels" not in fields:
        why = "escalate needs 'channels' or 'escalate: {approvers}': who is told, or may answer then"
        reader.problem(child(pointer, "onTimeout"), why)
    return Escalation(
        reader.optional(found, "approvers", place, lambda v, p: _read_names(reader, v, p)),
        reader.optional(found, "channels", place, lambda v, p: _read_names(reader, v, p)),
        reader.optional(found, "timeout", place, reader.duration),
        _read_policy(reader, found, place, (FAIL, DENY)),
    )


def _read_outcomes(reader: Reader, value: Json, pointer: str) -> tuple[HumanOutcome, ...]:
    if not isinstance(value, list) or not value:
        reader.problem(pointer, "must be a list with at least one outcome")
        return ()
    found: dict[str, HumanOutcome] = {}
    for index, item in enumerate(value):
        place = child(pointer, index)
        fields = reader.fields(item, place, ("name", "label", "then"), required=("name",))
        name = reader.optional(fields, "name", place, lambda v, p: _short(reader, v, p)) or ""
        if name in found:
            reader.problem(child(place, "name"), f"the outcome {name!r} is there twice")
        label = reader.optional(fields, "label", place, reader.text) or ""
        found[name] = HumanOutcome(name, label, reader.optional(fields, "then", place, reader.target))
    return tuple(found.values())


def _read_form(reader: Reader, value: Json, pointer: str) -> Mapping[str, Json] | None:
    if not isinstance(value, Mapping):
        reader.problem(pointer, "must be a JSON schema as an object")
        return None
    try:
        checked(value)
    except SchemaInvalidError as error:
        reader.problem(pointer, str(error))
    return value


def _read_names(reader: Reader, value: Json, pointer: str) -> Template:
    template = reader.template(value, pointer)
    if template.constant and not (isinstance(value, list) and value and all(isinstance(v, str) and v for v in value)):
        reader.problem(pointer, "must be a list of names")
    return template


def _read_policy(reader: Reader, fields: Mapping[str, Json], pointer: str, known: tuple[str, ...]) -> str:
    value = fields.get("onTimeout", FAIL)
    if value in known:
        return str(value)
    why = ": a timeout never approves" if value == "approve" else ""
    names = " or ".join((", ".join(known[:-1]), known[-1]))
    reader.problem(child(pointer, "onTimeout"), f"must be {names}, not {value!r}{why}")
    return FAIL


def _short(reader: Reader, value: Json, pointer: str) -> str:
    text = reader.text(value, pointer)
    if len(text) > _LONGEST:
        reader.problem(pointer, f"must have at most {_LONGEST} characters")
    return text
