"""Reads AsyncAPI documents, 2.x and 3.x: which address a channel or an operation has on which server. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.problems import listed
from stigmer_workflow_runner.activities.references import keys_of, resolved
from stigmer_workflow_runner.errors import fault

PROTOCOLS: Final[Mapping[str, tuple[str, ...]]] = {
    "http": ("http", "https"),
    "ws": ("ws", "wss"),
    "memory": ("memory",),
}
"""What is spoken, by the DSL's name; `memory` is ours: a bus inside one runner."""
_HIDDEN_IN = re.compile(r"\$message\.(header|payload)#(/.*)")


@dataclass(frozen=True, slots=True)
class Target:
    """Where messages go or come from. `correlation` is where a message has its correlation id, empty if unknown."""

    protocol: str
    url: str
    method: str = "POST"
    correlation: str = ""


class AsyncApi:
    """A document that was read from `uri`."""

    def __init__(self, document: Json, uri: str) -> None:
        if not isinstance(document, Mapping) or not isinstance(document.get("channels"), Mapping):
            raise fault("configuration", f"{uri} is no AsyncAPI document: it has no channels")
        self._document, self._uri = document, uri
        version = str(document.get("asyncapi", ""))
        if version[:2] not in ("2.", "3."):
            raise fault("configuration", f"{uri} says that it is AsyncAPI {version or '?'}: use 2.x or 3.x")
        self._two = version.startswith("2.")

    def target(self, asked: Mapping[str, Any], message: Mapping[str, Json] | None) -> Target:
        """Where the operation or channel that was `asked` for is; `message` fills parameters that are in it.

        Raises:
            Fault: (configuration) there is no such operation, channel or server, or its protocol is not spoken here.
        """
        name, channel, operation = self._channel(asked)
        server = self._server(asked, channel)
        given = {**(asked["variables"] or {})}
        address = self._address(name, channel, given, message)
        found = self._bindings(operation, "http") or self._bindings(channel, "http")
        return Target(
            protocol=str(server["protocol"]),
            url=self._url(server, given) + ("/" + address.lstrip("/") if address else ""),
            method=str(found.get("method") or "POST").upper(),
            correlation=self._correlation(channel, operation),
        )

    def _resolved(self, value: Any) -> Any:
        return resolved(self._document, value, self._uri)

    def _channel(self, asked: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
        channels = {key: self._resolved(value) for key, value in self._document["channels"].items()}
        if asked["operation"] is None:
            wanted = str(asked["channel"])
            for key, channel in channels.items():
                if wanted in (key, channel.get("address")) or key.strip("/") == wanted.strip("/"):
                    return key, channel, {}
            raise fault("configuration", f"{self._uri} has no channel {wanted!r}: it has {listed(channels)}")
        wanted, known = str(asked["operation"]), []
        for name, channel, operation in self._operations(channels):
            if wanted == operation[0]:
                return name, channel, operation[1]
            known.append(operation[0])
        raise fault("configuration", f"{self._uri} has no operation {wanted!r}: it has {listed(known)}")

    def _operations(self, channels: Mapping[str, Any]) -> Any:
        if self._two:
            for key, channel in channels.items():
                for action in ("publish", "subscribe"):
                    if action in channel:
                        yield key, channel, (str(channel[action].get("operationId", "")), channel[action])
            return
        for name, found in (self._document.get("operations") or {}).items():
            operation = self._resolved(found)
            reference = str((operation.get("channel") or {}).get("$ref", ""))
            key = keys_of(reference)[-1] if reference.startswith("#/") else ""
            if key in channels:
                yield key, channels[key], (name, operation)

    def _server(self, asked: Mapping[str, Any], channel: Mapping[str, Any]) -> Mapping[str, Any]:
        servers = {name: self._resolved(value) for name, value in (self._document.get("servers") or {}).items()}
        if asked["server"] is not None:
            if asked["server"] not in servers:
                raise fault("configuration", f"{self._uri} has no server {asked['server']!r}: it has {listed(servers)}")
            servers = {asked["server"]: servers[asked["server"]]}
        elif channel.get("servers"):
            names = [
                str(s["$ref"]).rpartition("/")[2] if isinstance(s, Mapping) else str(s) for s in channel["servers"]
            ]
            servers = {name: servers[name] for name in names if name in servers}
        wanted = PROTOCOLS.get(asked["protocol"] or "", ())
        spoken = wanted or tuple(protocol for names in PROTOCOLS.values() for protocol in names)
        for server in servers.values():
            if server.get("protocol") in spoken:
                found: Mapping[str, Any] = server
                return found
        have = listed(f"{name} ({server.get('protocol')})" for name, server in servers.items())
        raise fault(
            "configuration", f"{self._uri} has no server that speaks {listed(wanted or PROTOCOLS)}: it has {have}"
        )

    def _url(self, server: Mapping[str, Any], given: Mapping[str, Json]) -> str:
        if self._two:
            url = str(server.get("url", ""))
            url = url if "://" in url else f"{server['protocol']}://{url}"
        else:
            url = f"{server['protocol']}://{server.get('host', '')}{server.get('pathname', '')}"
        values = {name: self._resolved(v).get("default", "") for name, v in (server.get("variables") or {}).items()}
        for name, value in {**values, **given}.items():
            url = url.replace(f"{{{name}}}", str(value))
        return url.rstrip("/")

    def _address(
        self, name: str, channel: Mapping[str, Any], given: Mapping[str, Json], message: Mapping[str, Json] | None
    ) -> str:
        address = name if self._two else str(channel.get("address") or "")
        for key in re.findall(r"\{([^{}]+)\}", address):
            parameter = self._resolved((channel.get("parameters") or {}).get(key)) or {}
            value = given.get(key)
            if value is None and message is not None:
                value = located(str(parameter.get("location", "")), message)
            if value is None:
                value = parameter.get("default", (parameter.get("schema") or {}).get("default"))
            if value is None:
                raise fault("configuration", f"the channel {address} needs {key!r}: give it in server.variables")
            address = address.replace(f"{{{key}}}", str(value))
        return address

    def _bindings(self, value: Mapping[str, Any], protocol: str) -> Mapping[str, Any]:
        bindings = self._resolved(value.get("bindings")) or {}
        found: Mapping[str, Any] = self._resolved(bindings.get(protocol)) or {}
        return found

    def _correlation(self, channel: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
        candidates = [operation.get("message"), *(operation.get("messages") or [])]
        messages = channel.get("messages")
        candidates += list(messages.values()) if isinstance(messages, Mapping) else []
        for candidate in candidates:
            message = self._resolved(candidate)
            if isinstance(message, Mapping) and message.get("correlationId"):
                return str((self._resolved(message["correlationId"]) or {}).get("location", ""))
        return ""


def located(location: str, message: Mapping[str, Json]) -> Json:
    """What a runtime expression such as `$message.header#/correlationId` finds in a message; null for nothing."""
    match = _HIDDEN_IN.fullmatch(location)
    if match is None:
        return None
    value = message.get("headers" if match.group(1) == "header" else "payload")
    for key in keys_of("#" + match.group(2)):
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, Mapping):
            value = value.get(key)
        else:
            return None
    return value
