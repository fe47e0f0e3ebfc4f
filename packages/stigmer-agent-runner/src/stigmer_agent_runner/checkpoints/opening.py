"""Chooses where sessions remember, by the settings. Postgres and what it needs load only when they are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_agent_runner.checkpoints.local import LocalSessions
from stigmer_agent_runner.errors import SettingsError

if TYPE_CHECKING:
    from stigmer_agent_runner.checkpoints.protocol import SessionStore
    from stigmer_agent_runner.settings import Settings

__all__ = ["session_store"]


def session_store(settings: Settings) -> SessionStore:
    """Return the store of sessions. Raises SettingsError when what it needs is not installed."""
    url = settings.checkpoints_url
    if not url:
        return LocalSessions()
    try:
        from stigmer_agent_runner.checkpoints.postgres import PostgresSessions  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise SettingsError(
            "checkpoints belong into Postgres (agent.database_url, or server.database_url), which needs"
            f" `pip install stigmer-agent-runner[postgres]` ({error}); agent.database_url: local keeps them in files"
        ) from error
    return PostgresSessions(url)
