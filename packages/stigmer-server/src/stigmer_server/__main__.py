"""`stigmer-server`: settings, logging, signals, exit codes. 0: stopped as asked; 3: a restart cannot mend it."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable

import structlog

from stigmer_server.app import App, open_store
from stigmer_server.collector import spare_the_collector
from stigmer_server.errors import StartupError
from stigmer_server.logs import configure_logging
from stigmer_server.settings import Settings, load_settings

try:
    import uvloop
except ImportError:  # not made for every platform; it is faster and does nothing else
    _new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    _new_loop = uvloop.new_event_loop

__all__ = ["main"]

_CANNOT_START = 3
_CRASHED = 1
_PR_SET_PDEATHSIG = 1

_log = structlog.get_logger("stigmer.server")


def main() -> None:
    """Entry point of the console script."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    flags = vars(_parser().parse_args(arguments))
    _die_with_supervisor()
    try:
        settings = load_settings(**flags)
    except StartupError as error:
        configure_logging("info")
        _log.error("cannot start", error=str(error))
        return _CANNOT_START
    configure_logging(settings.log_level)
    gc.disable()  # until what is there for good is there: looking at it again and again takes a tenth of the start
    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            return runner.run(_serve(settings))
    except StartupError as error:
        _log.error("cannot start", error=str(error))
        return _CANNOT_START


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stigmer-server",
        description="The Stigmer API server. Every flag is also an environment variable and a key of config.yaml.",
    )
    parser.add_argument("--home", help="directory of all data (STIGMER_HOME; default ~/.stigmer)")
    parser.add_argument("--host", help="bind address (STIGMER_HOST; default 127.0.0.1; another one needs TLS)")
    parser.add_argument("--port", type=int, help="port (STIGMER_PORT; default 7234; 0 takes a free one)")
    parser.add_argument(
        "--http-port", type=int, help="loopback port of /metrics and /healthz (STIGMER_HTTP_PORT; default none)"
    )
    parser.add_argument("--database-url", help="database (STIGMER_DATABASE_URL; default the home's SQLite file)")
    parser.add_argument("--temporal-address", help="host:port of Temporal (TEMPORAL_SERVICE_ADDRESS)")
    parser.add_argument("--temporal-namespace", help="Temporal namespace (TEMPORAL_NAMESPACE; default default)")
    parser.add_argument("--tls-certificate", help="PEM file of the certificate (STIGMER_TLS_CERTIFICATE)")
    parser.add_argument("--tls-key", help="PEM file of the key (STIGMER_TLS_KEY)")
    parser.add_argument("--log-level", help="debug, info, warning or error (STIGMER_LOG_LEVEL; default info)")
    return parser


async def _serve(settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopped = asyncio.create_task(stop.wait())
    opening = asyncio.create_task(open_store(settings))
    await asyncio.wait({stopped, opening}, return_when=asyncio.FIRST_COMPLETED)
    if not opening.done():
        opening.cancel()
        return 0
    async with App(settings, opening.result()) as app:
        spare_the_collector()
        failed = asyncio.create_task(app.failed())
        await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            _log.error("a background task failed", exc_info=failed.result())
            stopped.cancel()
            return _CRASHED
        failed.cancel()
    return 0


def _die_with_supervisor() -> None:
    """Under the supervisor, end with it: it starts everything again, and two servers must not share a home."""
    if os.environ.get("STIGMER_SUPERVISED") != "1" or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    main()
