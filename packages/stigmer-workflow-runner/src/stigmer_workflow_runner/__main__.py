"""`stigmer-workflow-runner`: starts the worker. Exit 3 means that a restart cannot help."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

import structlog

from stigmer_workflow_runner.settings import Settings, SettingsInvalidError, load_settings

try:
    import uvloop
except ImportError:  # not made for every platform; it is faster and does nothing else
    _new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    _new_loop = uvloop.new_event_loop

EXIT_CANNOT_START: Final = 3
_PR_SET_PDEATHSIG: Final = 1
_COLLECT_AFTER: Final = (20_000, 5, 2)
"""New objects after which the collector looks for cycles among them, and how often it then looks at older ones as well.
A run is a heap of cycles that lives through several looks, and what is there for good is frozen: looking is cheap."""


def main() -> None:
    """Entry point of the console script."""
    try:
        settings = load_settings()
    except SettingsInvalidError as error:
        sys.stderr.write(f"stigmer-workflow-runner: wrong settings: {error}\n")
        raise SystemExit(EXIT_CANNOT_START) from error
    configure_logging(settings.log_level)
    if os.environ.get("STIGMER_SUPERVISED") == "1":
        die_with_parent()
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_main(settings))


async def _main(settings: Settings) -> None:
    from stigmer_workflow_runner.worker import serve  # noqa: PLC0415 - after logging is set up, and settings are good

    _spare_the_collector()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, stop)


def _spare_the_collector() -> None:
    """Never look again at what is there for good, and not after every few steps at what is new."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


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
