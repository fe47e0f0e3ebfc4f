"""Logging: JSON lines on stderr, readable lines in a terminal. Never what people or models write."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from stigmer_agent_runner.redaction import ACTIVE


def configure_logging(level: str) -> None:
    """Send structlog and the standard library's loggers through one renderer. `level`: debug, info, warning, error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if sys.stderr.isatty():
        last.append(structlog.dev.ConsoleRenderer())
    else:
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    last.append(_redact)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpx2", "httpcore", "openai", "temporalio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _redact(_logger: object, _method: str, line: Any) -> Any:
    """The last step of every line: no secret of a run leaves the process by its log."""
    return ACTIVE.text(str(line))
