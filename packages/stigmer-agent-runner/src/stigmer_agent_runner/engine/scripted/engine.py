"""Plays the script of an agent: the engine of provider `scripted`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_agent_runner.engine.answers import KIND, Expected
from stigmer_agent_runner.engine.protocol import Completed, Control, Emit, Failed, Outcome, Segment
from stigmer_agent_runner.engine.retry import RetryPolicy
from stigmer_agent_runner.engine.scripted import builtin
from stigmer_agent_runner.engine.scripted.play import Play
from stigmer_agent_runner.engine.scripted.script import Script, parse_script
from stigmer_agent_runner.errors import ModelError, RunStopped, ScriptError

if TYPE_CHECKING:
    from stigmer_agent_runner.settings import Settings


def create(settings: Settings) -> ScriptedEngine:
    """Make the engine for engine.registry."""
    longest = settings.llm_retry_seconds * 16
    return ScriptedEngine(RetryPolicy(settings.llm_max_attempts, settings.llm_retry_seconds, longest))


class ScriptedEngine:
    """The engine of provider `scripted`."""

    def __init__(self, retry: RetryPolicy) -> None:
        self._retry = retry

    async def run(self, segment: Segment, emit: Emit, control: Control) -> Outcome:
        """Play the case for the segment's message until its last turn is said."""
        try:
            _refuse_other_engines(segment)
            play = await Play.of(segment, _script_of(segment), emit, control, self._retry)
            return _judged(segment, await play.run())
        except ScriptError as error:
            return Failed(error.kind, str(error))
        except ModelError as error:
            return Failed(error.kind, str(error))
        except RunStopped:
            return control.outcome()


def _judged(segment: Segment, outcome: Outcome) -> Outcome:
    """Read the document that the answer must be; a script is not asked to repair it."""
    if segment.output_schema is None or not isinstance(outcome, Completed):
        return outcome
    document, problem = Expected(segment.output_schema).read(outcome.text)
    if document is None:
        return Failed(KIND, f"the script's answer does not fit structured_output_schema: {problem}")
    return Completed(outcome.text, document)


def _refuse_other_engines(segment: Segment) -> None:
    for agent in segment.abilities.sub_agents:
        if agent.model.provider.engine != segment.model.provider.engine:
            raise ScriptError(
                f"the sub-agent {agent.name!r} uses {agent.model.label}, but its agent is played from a script: so must"
                " its sub-agents be; leave model_override empty"
            )


def _script_of(segment: Segment) -> Script:
    name = segment.model.model
    if not name and segment.script:
        return parse_script(segment.script)
    text = builtin.SCRIPTS.get(name or builtin.DEFAULT)
    if text is None:
        raise ScriptError(
            f"there is no builtin script {name!r}; write `scripted` and give the agent a spec.script,"
            f" or name one of: {', '.join(builtin.SCRIPTS)}"
        )
    return parse_script(text)
