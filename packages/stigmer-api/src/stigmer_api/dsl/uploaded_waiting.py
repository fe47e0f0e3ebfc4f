"""Uploaded tasks that run beside each other or wait for what comes from outside: fork, listen and human_input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.problems import Problem, child
from stigmer_api.dsl.strategies import SIGNAL_NAME

if TYPE_CHECKING:
    from stigmer_api.dsl.normaliser import _Builder as Builder
    from stigmer_api.dsl.normaliser import _Place as Place

_POLICIES: Final[Mapping[Json, str]] = {
    None: "fail", 0: "fail", 1: "fail", 2: "approve", 3: "deny", 4: "escalate",
    "HUMAN_INPUT_TIMEOUT_POLICY_UNSPECIFIED": "fail", "HUMAN_INPUT_TIMEOUT_FAIL": "fail",
    "HUMAN_INPUT_TIMEOUT_APPROVE": "approve", "HUMAN_INPUT_TIMEOUT_DENY": "deny",
    "HUMAN_INPUT_TIMEOUT_ESCALATE": "escalate",
}  # fmt: skip


def fork(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """Each branch is a list of tasks under the branch's name."""
    builder.comes_from(place, fork="", fork_branches="branches")
    branches: list[Json] = []
    for index, branch in enumerate(config.get("branches") or []):
        name = str(branch.get("name", ""))
        source = f"{place.source}/branches/{index}"
        target = child(place.target, "fork", "branches", index, name)
        builder.places[target] = source
        branches.append({name: {"do": builder.tasks(branch.get("do") or [], f"{source}/do", f"{target}/do")}})
    compete = {"compete": True} if config.get("compete") else {}
    return {"fork": {"branches": branches, **compete}}


def listen(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """Signals by name: the first that comes, or one of each."""
    builder.comes_from(place, listen="", listen_to="to")
    to = config.get("to") or {}
    filters: list[Json] = []
    for index, signal in enumerate(to.get("signals") or []):
        if signal.get("type", "signal") != "signal":
            where = f"{place.source}/to/signals/{index}/type"
            builder.problems.append(Problem(where, f"type {signal['type']!r} is not supported yet: use signal"))
        filters.append({"with": {SIGNAL_NAME: signal.get("id", "")}})
    return {"listen": {"to": {"all" if to.get("mode") == "all" else "any": filters}}}


def human_input(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """A question to people; its output is `{outcome, data, comment, reviewer}`."""
    names = {
        "prompt": "prompt", "form": "form_schema", "outcomes": "outcomes", "approvers": "approvers",
        "payload": "payload", "uiHint": "ui_hint", "channels": "notification_channels",
    }  # fmt: skip
    builder.comes_from(place, **{"with": "", "with_timeout": "timeout", "with_onTimeout": "on_timeout"})
    builder.comes_from(place, **{f"with_{target}": source for target, source in names.items()})
    question: dict[str, Json] = {target: config[source] for target, source in names.items() if config.get(source)}
    if config.get("timeout"):
        question["timeout"] = {"seconds": config["timeout"]}
    policy = _POLICIES.get(config.get("on_timeout"), "fail")
    if policy == "approve":
        why = "a timeout never approves: use HUMAN_INPUT_TIMEOUT_FAIL or HUMAN_INPUT_TIMEOUT_DENY"
        builder.problems.append(Problem(f"{place.source}/on_timeout", why))
    elif policy in ("deny", "escalate"):
        question["onTimeout"] = policy
    return {"call": "human", "with": question}
