"""The entry point: runs a command and turns what it raises into a message and an exit code."""

from __future__ import annotations

import sys

import typer

from stigmer_cli.errors import CliError, InterruptedByUserError, UsageError
from stigmer_cli.invocation import hoist, wants_json
from stigmer_cli.terminal import show_error


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code."""
    from stigmer_cli.app import app  # noqa: PLC0415 - an error here would else escape the handling below

    as_json = wants_json(argv)
    try:
        code = app(args=hoist(argv), prog_name="stigmer-ctl", standalone_mode=False)
    except CliError as error:
        show_error(error, as_json=as_json)
        return error.exit_code
    except typer.TyperException as error:
        show_error(UsageError(error.format_message(), hint="see `stigmer-ctl --help`"), as_json=as_json)
        return UsageError.exit_code
    except OSError as error:  # what no command saw coming: a full disk, a directory that may not be read
        show_error(CliError(str(error)), as_json=as_json)
        return CliError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return InterruptedByUserError.exit_code
    return code if isinstance(code, int) else 0


def main() -> None:
    """Console script stigmer-ctl."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
