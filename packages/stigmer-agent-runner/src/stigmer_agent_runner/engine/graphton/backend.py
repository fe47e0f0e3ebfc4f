"""The session's file tools as a deepagents backend. It has no `delete`, so agents have none; the shell is our tool."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deepagents.backends.protocol import (
    BackendProtocol,
    EditResult,
    ExecuteResponse,
    FileInfo,
    GlobResult,
    GrepMatch,
    GrepResult,
    LsResult,
    ReadResult,
    SandboxBackendProtocol,
    WriteResult,
)

from stigmer_agent_runner.errors import ToolError

if TYPE_CHECKING:
    from stigmer_agent_runner.tools.files import FileTools
    from stigmer_agent_runner.tools.workspace import Entry


class WorkspaceBackend(BackendProtocol):
    """Answers in deepagents' result types; what a tool refuses becomes their `error`, which the model reads."""

    def __init__(self, files: FileTools) -> None:
        self._files = files

    def ls(self, path: str) -> LsResult:
        """See BackendProtocol."""
        try:
            return LsResult(entries=[_info(entry) for entry in self._files.ls(path)])
        except ToolError as error:
            return LsResult(error=str(error))

    def read(self, file_path: str, offset: int = 0, limit: int = 2000) -> ReadResult:
        """See BackendProtocol."""
        if limit <= 0:
            return ReadResult(file_data={"content": "", "encoding": "utf-8"}, no_lines_requested=True)
        try:
            lines = self._files.read_file(file_path).splitlines(keepends=True)
        except ToolError as error:
            return ReadResult(error=str(error))
        start = max(0, offset)
        window = lines[start : start + limit]
        if not window:
            problem = f"{file_path} has {len(lines)} lines; offset {start} is behind its end" if lines else None
            return ReadResult(error=problem, file_data=None if problem else {"content": "", "encoding": "utf-8"})
        end = start + len(window)
        return ReadResult(
            file_data={"content": "".join(window), "encoding": "utf-8"},
            total_lines=len(lines),
            start_line=start + 1,
            end_line=end,
            next_offset=end if end < len(lines) else None,
        )

    def write(self, file_path: str, content: str) -> WriteResult:
        """See BackendProtocol."""
        try:
            self._files.write_file(file_path, content)
        except ToolError as error:
            return WriteResult(error=str(error))
        return WriteResult(path=file_path)

    def edit(
        self,
        file_path: str,
        old_string: str,
        new_string: str,
        replace_all: bool = False,
    ) -> EditResult:
        """See BackendProtocol."""
        try:
            count = self._files.edit_file(file_path, old_string, new_string, replace_all=replace_all)
        except ToolError as error:
            return EditResult(error=str(error))
        return EditResult(path=file_path, occurrences=count)

    def glob(self, pattern: str, path: str | None = None) -> GlobResult:
        """See BackendProtocol."""
        try:
            return GlobResult(matches=[_info(entry) for entry in self._files.glob(pattern, path or "/")])
        except ToolError as error:
            return GlobResult(error=str(error))

    def grep(
        self, pattern: str, path: str | None = None, glob: str | None = None, *, max_count: int | None = None
    ) -> GrepResult:
        """See BackendProtocol."""
        try:
            found = self._files.grep(pattern, path or "/", glob, max_count)
        except ToolError as error:
            return GrepResult(error=str(error))
        matches = [GrepMatch(path=match.path, line=match.line, text=match.text) for match in found.found]
        return GrepResult(matches=matches, truncated=found.truncated)


class ShellBackend(WorkspaceBackend, SandboxBackendProtocol):
    """Of an agent that has our tool `execute`: the framework hides a tool of that name from models unless the backend
    can run commands. It never does: the declared tool runs them, behind the gate and in the sandbox."""

    @property
    def id(self) -> str:
        """See SandboxBackendProtocol."""
        return "workspace"

    def execute(self, command: str, *, timeout: int | None = None) -> ExecuteResponse:
        """Refuse: nothing runs past the gate."""
        return ExecuteResponse(output="Error: commands run by the tool `execute` only", exit_code=126, truncated=False)


def _info(entry: Entry) -> FileInfo:
    modified = datetime.fromtimestamp(entry.modified, UTC).isoformat(timespec="seconds")
    return FileInfo(path=entry.path, is_dir=entry.is_dir, size=entry.size, modified_at=modified)
