"""Looks at what stands around the stack, for `doctor`: the model's endpoint, Postgres, and the server that runs."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from stigmer_api.endpoints import MODEL_ENDPOINTS
from stigmer_cli.errors import CliError
from stigmer_cli.settings import Settings

LOOK_SECONDS = 5.0
_SCRIPTED = "scripted"
_POSTGRES_PORT = 5432
_REFUSED_KEY = (401, 403)


def look_at_model(provider: str, base_url: str, api_key: str) -> str:
    """Ask the endpoint for its models. Raises CliError when it does not answer or refuses the key."""
    if provider == _SCRIPTED:
        return "scripted, needs no endpoint"
    url = base_url or MODEL_ENDPOINTS.get(provider, "")
    if not url:
        raise CliError(f"{provider} has no endpoint of its own", hint="set llm.base_url / STIGMER_LLM_BASE_URL")
    if not url.startswith(("http://", "https://")):
        raise CliError(f"llm.base_url {url!r} is no http address", hint="for example http://127.0.0.1:8000/v1")
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    request = urllib.request.Request(f"{url.rstrip('/')}/models", headers=headers)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=LOOK_SECONDS) as response:  # noqa: S310 - the same
            return f"{provider} at {url} answers ({response.status})"
    except urllib.error.HTTPError as error:
        with error:
            if error.code in _REFUSED_KEY:
                found = f"{provider} at {url} refuses the key ({error.code})"
                raise CliError(found, hint="set llm.api_key / STIGMER_LLM_API_KEY") from error
            return f"{provider} at {url} answers ({error.code}, it does not list its models)"
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise CliError(
            f"{provider} at {url} does not answer: {reason}", hint="start it, or set llm.base_url"
        ) from error


def look_at_postgres(url: str) -> str:
    """Reach the address of a database URL; the server alone talks to it. Raises CliError."""
    parts = urlsplit(url)
    where = f"{parts.hostname or '127.0.0.1'}:{parts.port or _POSTGRES_PORT}"
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or _POSTGRES_PORT), LOOK_SECONDS):
            return f"Postgres at {where} answers"
    except OSError as error:
        raise CliError(
            f"Postgres at {where} does not answer: {error}", hint="start it, or set server.database_url"
        ) from error


def look_at_server(settings: Settings) -> str:
    """Ask the running server what it sees. Raises CliError when it does not answer or has lost something."""
    from stigmer_cli.client import connect  # noqa: PLC0415 - gRPC costs 100 ms

    with connect(settings) as client:
        info: Any = client.server_info()
    text = f"{info.version} at {settings.server_address}, {info.database.backend} {info.database.location}"
    if not info.temporal.reachable:
        raise CliError(f"{text}; Temporal at {info.temporal.address} is not reachable: {info.temporal.error}")
    idle = [queue.name for queue in info.task_queues if not queue.pollers]
    if idle:
        raise CliError(
            f"{text}; nobody polls {', '.join(idle)}", hint="see `stigmer-ctl status` and `stigmer-ctl logs`"
        )
    return text
