"""Asks the server for a run of a schedule."""

from __future__ import annotations

from stigmer_api.kinds import kind_by_key
from stigmer_api.methods import method
from stigmer_cli.client import MissingError, ServerClient, parse_kind
from stigmer_cli.errors import RequestFailedError, UsageError
from stigmer_cli.terminal import say

_SCHEDULE = kind_by_key("schedule")


def trigger(client: ServerClient, word: str) -> str:
    """Run the schedule that NAME, KIND/NAME or an id names now; the id of the execution."""
    kind_word, slash, name = word.rpartition("/")
    if slash and parse_kind(kind_word) is not _SCHEDULE:
        raise UsageError(f"{word!r} is not a schedule", hint="run agents and workflows by `stigmer-ctl run`")
    try:
        schedule = client.get(_SCHEDULE, name)
    except MissingError as error:
        raise MissingError(error.message, hint=error.hint or "see `stigmer-ctl get schedules`") from error
    request = method(_SCHEDULE, "trigger").request(value=schedule.metadata.id)
    answer = client.call(_SCHEDULE, "trigger", request)
    if not answer.execution_id:
        raise RequestFailedError(
            f"the schedule did not start: {answer.refusal_reason}",
            hint=f"see `stigmer-ctl describe schedule/{schedule.metadata.slug}`",
        )
    if not schedule.spec.enabled:
        say("note: the schedule itself is disabled; this is one run by hand")
    elif schedule.status.paused_reason:
        say(f"note: the schedule itself is paused: {schedule.status.paused_reason}")
    return str(answer.execution_id)
