"""From an McpServer resource and the values of its variables to what it takes to reach it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from stigmer_agent_runner.errors import ResolveError

if TYPE_CHECKING:
    from stigmer_agent_runner.environment import Environment, Value
    from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1 import api_pb2 as mcp_pb2
    from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1 import spec_pb2

__all__ = ["HttpTarget", "ServerConfig", "StdioTarget", "config_of"]

_PLACEHOLDER = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class StdioTarget:
    """A process to start. `working_dir`: empty for the session's workspace. `environment`: what the server declares.

    network, access, read and write: what its sandbox lets it do with network, workspace and files. access: write, read
    or none.
    """

    command: str
    args: tuple[str, ...]
    working_dir: str
    environment: Mapping[str, str] = field(repr=False)
    network: bool = False
    access: str = "write"
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """An endpoint. `call_seconds` is 0 when the resource names no time. A path that ends in `/sse` speaks SSE."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    call_seconds: float
    shown: str

    @property
    def is_sse(self) -> bool:
        """Whether the endpoint speaks the older HTTP+SSE transport."""
        return urlsplit(self.url).path.rstrip("/").endswith("/sse")


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """One server: `id` and `slug` of its resource, and how it is reached."""

    id: str
    slug: str
    target: StdioTarget | HttpTarget

    @property
    def fingerprint(self) -> str:
        """A hash over everything that makes a difference, values of variables included."""
        target = self.target
        facts: list[object] = [self.id]
        if isinstance(target, StdioTarget):
            facts += [target.command, *target.args, target.working_dir, *sorted(target.environment.items())]
            facts += [target.network, target.access, *target.read, "", *target.write]
        else:
            facts += [target.url, *sorted(target.headers.items()), target.call_seconds]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    @property
    def where(self) -> str:
        """What messages name it by; no value of a variable is in it."""
        target = self.target
        place = target.command if isinstance(target, StdioTarget) else target.shown
        return f"MCP server {self.slug!r} ({place})"


def config_of(server: mcp_pb2.McpServer, variables: Environment) -> ServerConfig:
    """Return how to reach a server, with the variables of the execution. Raises ResolveError.

    `${NAME}` in arguments, working directory, URL, headers and query stands for a variable, `$$` for a dollar. A
    process gets the variables that the server declares as its environment.
    """
    slug, spec = server.metadata.slug, server.spec
    variables.require(f"MCP server {slug!r}", spec.env)
    fill = _Filler(slug, variables.values)
    match spec.WhichOneof("server_type"):
        case "stdio":
            return ServerConfig(server.metadata.id, slug, _stdio(slug, spec, variables, fill))
        case "http":
            return ServerConfig(server.metadata.id, slug, _http(slug, spec.http, fill))
        case _:
            raise _problem(slug, "spec", "says neither stdio nor http: give one of them")


def _stdio(slug: str, spec: spec_pb2.McpServerSpec, variables: Environment, fill: _Filler) -> StdioTarget:
    args = tuple(fill.plain(f"spec.stdio.args[{at}]", text) for at, text in enumerate(spec.stdio.args))
    folder = fill.plain("spec.stdio.working_dir", spec.stdio.working_dir)
    if folder and not (folder.startswith("/") and Path(folder).is_dir()):
        raise _problem(slug, "spec.stdio.working_dir", f"{folder!r} is no folder of this machine (an absolute path)")
    stdio = spec.stdio
    return StdioTarget(
        stdio.command,
        args,
        folder,
        variables.of(spec.env),
        stdio.network,
        stdio.workspace or "write",
        tuple(_paths(slug, "read_paths", stdio.read_paths, fill)),
        tuple(_paths(slug, "write_paths", stdio.write_paths, fill)),
    )


def _paths(slug: str, name: str, given: Iterable[str], fill: _Filler) -> Iterator[str]:
    for at, text in enumerate(given):
        where = f"spec.stdio.{name}[{at}]"
        path = fill.plain(where, text)
        if not path.startswith("/") or path == "/" or ".." in path.split("/"):
            raise _problem(
                slug, where, f"{path!r} must be the whole path of a file or a folder, not `/` and without `..`"
            )
        yield path


def _http(slug: str, http: spec_pb2.HttpServerConfig, fill: _Filler) -> HttpTarget:
    parts = urlsplit(fill.any("spec.http.url", http.url, quoted=True))
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        raise _problem(slug, "spec.http.url", "must be an http:// or https:// address")
    headers = {name: fill.any(f"spec.http.headers[{name}]", text) for name, text in http.headers.items()}
    for name, text in headers.items():
        if "\r" in text or "\n" in text:
            raise _problem(slug, f"spec.http.headers[{name}]", "has a line break")
    params = {key: fill.any(f"spec.http.query_params[{key}]", text) for key, text in http.query_params.items()}
    if fill.used_secrets and parts.scheme == "http" and host not in _LOOPBACK:
        names = ", ".join(sorted(fill.used_secrets))
        raise _problem(slug, "spec.http.url", f"would send the secret {names} unencrypted to {host}: use https")
    full = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(params))))))
    return HttpTarget(full, headers, float(http.timeout_seconds), f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


class _Filler:
    """Fills placeholders in and remembers which secrets went where."""

    def __init__(self, slug: str, values: Mapping[str, Value]) -> None:
        self._slug = slug
        self._values = values
        self.used_secrets: set[str] = set()

    def plain(self, where: str, text: str) -> str:
        """Fill in what anybody may see: other processes can read a command line."""
        for name in _PLACEHOLDER.findall(text):
            if name and name in self._values and self._values[name].is_secret:
                raise _problem(
                    self._slug,
                    where,
                    f"would put the secret {name} where every process of the machine can read it;"
                    " the server finds it in its environment",
                )
        return self.any(where, text)

    def any(self, where: str, text: str, *, quoted: bool = False) -> str:
        """Fill in, secret or not; `quoted`: as a part of a URL."""

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name is None:
                return "$"
            if name not in self._values:
                raise _problem(
                    self._slug,
                    where,
                    f"needs the variable {name}, which has no value: declare it in spec.env of the MCP server and give"
                    " it in runtime_env or in an environment",
                    kind="variable_missing",
                )
            if self._values[name].is_secret:
                self.used_secrets.add(name)
            text = self._values[name].text
            return quote(text, safe="") if quoted and found.start() > 0 else text

        return _PLACEHOLDER.sub(value, text)


def _problem(slug: str, where: str, text: str, *, kind: str = "mcp_server_invalid") -> ResolveError:
    return ResolveError(f"MCP server {slug!r}: {where} {text}", kind=kind)
