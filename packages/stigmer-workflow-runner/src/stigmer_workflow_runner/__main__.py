"""`stigmer-workflow-runner`: starts the worker. Exit 3 means that a restart cannot help."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
from typing import Final

import structlog
from pydantic import ValidationError
from pydantic_settings import SettingsError

from stigmer_workflow_runner.settings import Settings, SettingsInvalidError

EXIT_CANNOT_START: Final = 3
_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Entry point of the console script."""
    try:
        settings = Settings()
    except (SettingsInvalidError, SettingsError, ValidationError) as error:
        sys.stderr.write(f"stigmer-workflow-runner: wrong settings: {error}\n")
        raise SystemExit(EXIT_CANNOT_START) from error
    configure_logging(settings.log_level)
    if os.environ.get("STIGMER_SUPERVISED") == "1":
        die_with_parent()
    asyncio.run(_main(settings))


async def _main(settings: Settings) -> None:
    from stigmer_workflow_runner.worker import serve  # noqa: PLC0415 - after logging is set up, and settings are good

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, stop)


def die_with_parent() -> None:
    """Ask Linux to send SIGTERM when the supervisor is gone, even by SIGKILL."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def configure_logging(level: str) -> None:
    """JSON lines on stderr, or coloured text on a terminal; Temporal's own loggers go the same way."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    terminal = sys.stderr.isatty()
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers, root.level = [handler], number
    for name in ("httpx", "httpcore", "websockets"):  # they write down URLs and headers, where secrets are
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )


if __name__ == "__main__":
    main()
