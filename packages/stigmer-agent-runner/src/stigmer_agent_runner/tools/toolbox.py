"""Runs a tool by name with arguments as data, for engines that have no tool calling of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stigmer_agent_runner.errors import ToolError
from stigmer_agent_runner.tools.files import FileTools

_REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool. `type` is checked; `default` is used when it is not given."""

    name: str
    type: type
    default: Any = _REQUIRED


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: its arguments in order and what it does with them."""

    name: str
    parameters: tuple[Parameter, ...]
    run: Callable[..., str]


_ALIASES = {"file_path": "path"}
"""Names that models know for our arguments."""


class Toolbox:
    """The tools of one session."""

    def __init__(self, files: FileTools) -> None:
        self._tools = {tool.name: tool for tool in _file_tools(files)}
        self._tools["write_todos"] = Tool("write_todos", (Parameter("todos", list),), _write_todos)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tools."""
        return tuple(self._tools)

    def call(self, name: str, args: Mapping[str, Any]) -> str:
        """Run a tool and return its result as text. Blocks on the disk: call it in a thread. Raises ToolError."""
        tool = self._tools.get(name)
        if tool is None:
            raise ToolError(f"there is no tool {name!r}; there are {', '.join(self._tools)}")
        return tool.run(*_bind(tool, args))


def _bind(tool: Tool, args: Mapping[str, Any]) -> list[Any]:
    given = {_ALIASES.get(name, name): value for name, value in args.items()}
    known = {parameter.name for parameter in tool.parameters}
    for name in given:
        if name not in known:
            takes = ", ".join(parameter.name for parameter in tool.parameters)
            raise ToolError(f"{tool.name} takes no argument {name!r}; it takes {takes}")
    return [_value(tool, parameter, given) for parameter in tool.parameters]


def _value(tool: Tool, parameter: Parameter, given: Mapping[str, Any]) -> Any:
    value = given.get(parameter.name, parameter.default)
    if value is _REQUIRED:
        raise ToolError(f"{tool.name} needs the argument {parameter.name!r}")
    if value is parameter.default:
        return value
    if not isinstance(value, parameter.type) or (isinstance(value, bool) and parameter.type is not bool):
        raise ToolError(f"{tool.name}: {parameter.name!r} must be {_TYPES[parameter.type]}")
    return value


_TYPES: dict[type, str] = {str: "a text", int: "a whole number", bool: "true or false", list: "a list"}


def _file_tools(files: FileTools) -> tuple[Tool, ...]:
    path = Parameter("path", str)
    root = Parameter("path", str, "/")

    def ls(folder: str) -> str:
        lines = [
            f"{entry.path}/" if entry.is_dir else f"{entry.path} ({entry.size} bytes)" for entry in files.ls(folder)
        ]
        return "\n".join(lines) or "The folder is empty."

    def read_file(file: str, offset: int, limit: int) -> str:
        lines = files.read_file(file).splitlines(keepends=True)
        return "".join(lines[max(0, offset) : max(0, offset) + max(0, limit)])

    def write_file(file: str, content: str) -> str:
        return f"Wrote {files.write_file(file, content)} bytes to {file}."

    def edit_file(file: str, old: str, new: str, replace_all: bool) -> str:
        return f"Replaced {files.edit_file(file, old, new, replace_all=replace_all)} occurrence(s) in {file}."

    def glob(pattern: str, folder: str) -> str:
        return "\n".join(entry.path for entry in files.glob(pattern, folder)) or "No file matches."

    def grep(pattern: str, folder: str, include: str | None, max_count: int | None) -> str:
        matches = files.grep(pattern, folder, include, max_count)
        lines = [f"{match.path}:{match.line}: {match.text}" for match in matches.found]
        if matches.truncated:
            lines.append("There are more matches; narrow the search.")
        return "\n".join(lines) or "No line matches."

    return (
        Tool("ls", (root,), ls),
        Tool("read_file", (path, Parameter("offset", int, 0), Parameter("limit", int, 2000)), read_file),
        Tool("write_file", (path, Parameter("content", str)), write_file),
        Tool(
            "edit_file",
            (path, Parameter("old_string", str), Parameter("new_string", str), Parameter("replace_all", bool, False)),
            edit_file,
        ),
        Tool("glob", (Parameter("pattern", str), root), glob),
        Tool(
            "grep",
            (Parameter("pattern", str), root, Parameter("glob", str, None), Parameter("max_count", int, None)),
            grep,
        ),
    )


TODO_STATUSES = ("pending", "in_progress", "completed", "cancelled")


def _write_todos(todos: list[Any]) -> str:
    for at, item in enumerate(todos):
        if not isinstance(item, Mapping) or not isinstance(item.get("content"), str):
            raise ToolError(f"todos[{at}] needs a text `content`")
        if item.get("status", "pending") not in TODO_STATUSES:
            raise ToolError(f"todos[{at}].status must be one of {', '.join(TODO_STATUSES)}")
    return f"Noted {len(todos)} to-do item(s)."
