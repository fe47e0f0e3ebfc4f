"""`stigmer-agent-runner`: exits 0 after a drain, 3 on bad settings (no restart mends them), else 1."""

from __future__ import annotations

import asyncio
import sys

import structlog

from stigmer_agent_runner.errors import SettingsError
from stigmer_agent_runner.logs import configure_logging
from stigmer_agent_runner.process import die_with_parent, stop_event
from stigmer_agent_runner.settings import Settings, load_settings
from stigmer_agent_runner.worker import run

EXIT_BAD_SETTINGS = 3


def main() -> None:
    """Run the service until SIGTERM or SIGINT."""
    die_with_parent()
    configure_logging("info")
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        asyncio.run(_serve(settings))
    except SettingsError as error:
        structlog.get_logger(__name__).error("bad settings", error=str(error))
        sys.exit(EXIT_BAD_SETTINGS)


async def _serve(settings: Settings) -> None:
    await run(settings, stop_event())


if __name__ == "__main__":
    main()
