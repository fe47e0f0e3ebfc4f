"""Errors of the runner: one root, and one class per thing that a user can mend."""

from __future__ import annotations


class AgentRunnerError(Exception):
    """Root of the runner's errors. `kind` is stable and for programs; the text is for people."""

    kind = "agent_runner_error"


class SettingsError(AgentRunnerError):
    """The process cannot start with these settings; a restart does not mend it."""

    kind = "invalid_settings"


class ResolveError(AgentRunnerError):
    """The execution asks for what does not exist, contradicts itself or is not supported yet."""

    kind = "invalid_execution"

    def __init__(self, message: str, *, kind: str = "invalid_execution") -> None:
        super().__init__(message)
        self.kind = kind


class ScriptError(AgentRunnerError):
    """A script of the provider `scripted` breaks its schema or cannot continue."""

    kind = "script_error"


class ToolError(AgentRunnerError):
    """A tool refuses or fails; the text is what the model reads."""

    kind = "tool_error"


class ModelError(AgentRunnerError):
    """A model endpoint refuses, fails or talks nonsense.

    retryable: the same request may succeed later. retry_after: seconds that the endpoint asks to wait, if it does.
    """

    kind = "model_error"

    def __init__(self, message: str, *, kind: str, retryable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retryable = retryable
        self.retry_after = retry_after


class CheckpointsAway(AgentRunnerError):
    """The database of the checkpoints does not answer now."""

    kind = "checkpoints_away"


class RunStopped(AgentRunnerError):
    """The run was asked to stop while it waited; what is not saved is done again by the next segment."""

    kind = "stopped"


class ExecutionGone(AgentRunnerError):
    """The server no longer takes reports of this execution: it was deleted or settled by somebody else."""

    kind = "execution_gone"


class SegmentFailed(AgentRunnerError):
    """A segment failed in a way that another one may mend; Temporal tries it again a few times."""

    kind = "segment_failed"
