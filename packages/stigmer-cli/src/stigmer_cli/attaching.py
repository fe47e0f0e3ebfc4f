"""Files that go into a run of an agent: read here, uploaded to the server, named in the execution."""

from __future__ import annotations

import mimetypes
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stigmer_api.kinds import kind_by_key
from stigmer_api.methods import method
from stigmer_cli.client import ServerClient
from stigmer_cli.errors import UsageError

__all__ = ["Attachment", "attach", "read_attachments"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as the agent will find it: its name below /attachments, and its bytes."""

    name: str
    content: bytes

    @property
    def content_type(self) -> str:
        """What its name says it is; empty when it says nothing."""
        return mimetypes.guess_type(self.name)[0] or ""


def read_attachments(paths: Sequence[str]) -> tuple[Attachment, ...]:
    """Read the files of --attach. Raises UsageError for one that cannot be read and for two of one name."""
    found = tuple(_read(Path(path)) for path in paths)
    for name, times in Counter(item.name for item in found).items():
        if times > 1:
            raise UsageError(f"--attach names {times} files that are called {name}", hint="give them different names")
    return found


def _read(path: Path) -> Attachment:
    if path.is_dir():
        raise UsageError(f"--attach {path} is a folder", hint="attach its files one by one")
    try:
        return Attachment(path.name, path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read the attachment {path}: {error.strerror or error}") from error


def attach(client: ServerClient, execution: Any, attachments: Sequence[Attachment]) -> None:
    """Upload files and name them in an agent execution that is about to be created."""
    kind = kind_by_key("agent_execution")
    for item in attachments:
        request = method(kind, "uploadAttachment").request(
            filename=item.name, content=item.content, content_type=item.content_type
        )
        key = client.call(kind, "uploadAttachment", request).storage_key
        execution.spec.attachments.add(filename=item.name, storage_key=key, content_type=item.content_type)
