"""Errors that end a command: each class is one exit code, each message says what to do next.

Exit codes: 0 done, 1 failed, 2 bad usage or manifest, 3 not running, 4 not authorised, 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class CliError(Exception):
    """Root of every error that a command ends with; exit code 1.

    message: what is wrong. hint: what to do next, one command or one sentence. details: further lines, for example
    the last lines of a log.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "failed"

    def __init__(self, message: str, *, hint: str = "", details: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)


class UsageError(CliError):
    """The command line, a setting or a manifest is wrong by itself."""

    exit_code = 2
    code = "usage"


class NotRunningError(CliError):
    """Nothing answers where the server should be."""

    exit_code = 3
    code = "not_running"


class NotAuthorisedError(CliError):
    """The server did not accept the token."""

    exit_code = 4
    code = "not_authorised"


class StackError(CliError):
    """The local stack could not be started or stopped."""

    code = "stack"


class PortTakenError(StackError):
    """A port that the stack needs is in use."""

    code = "port_taken"


class TemporalBinaryError(StackError):
    """No usable Temporal binary could be found or fetched."""

    code = "temporal_binary"


class RequestFailedError(CliError):
    """The server refused a request."""

    code = "refused"


class ExecutionFailedError(CliError):
    """An execution ended in a phase other than COMPLETED."""

    code = "execution_failed"


class InterruptedByUserError(CliError):
    """Ctrl-C ended the command; whatever it watched goes on."""

    exit_code = 130
    code = "interrupted"
