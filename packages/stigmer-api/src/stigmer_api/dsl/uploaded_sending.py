"""Uploaded tasks that tell others something: emit_event, notification, grpc_call and activity_call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.problems import Problem

if TYPE_CHECKING:
    from stigmer_api.dsl.normaliser import _Builder as Builder
    from stigmer_api.dsl.normaliser import _Place as Place

_CLOUD_EVENT: Final = "application/cloudevents+json"


def emit_event(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """An `emit` and, after it, a call for each delivery; the output is the event, which is the same for all."""
    event = {key: value for key, value in (config.get("event") or {}).items() if value}
    builder.comes_from(
        place, do="", do_0="", do_0_event="", do_0_event_emit_event="event", do_0_event_emit_event_with="event"
    )
    tasks: list[Json] = [{"event": {"emit": {"event": {"with": event}}}}]
    for index, target in enumerate(config.get("delivery") or []):
        source = f"{place.source}/delivery/{index}"
        name, task = _delivery(target)
        if not name:
            builder.problems.append(Problem(source, "needs 'webhook' or 'signal'"))
            continue
        where = f"{place.target}/do/{len(tasks)}"
        builder.places[where] = builder.places[f"{where}/{name}{index}"] = source
        builder.places[f"{where}/{name}{index}/with"] = f"{source}/{name}"
        tasks.append({f"{name}{index}": {**task, "output": {"as": "$input"}}})
    return {"do": tasks}


def _delivery(target: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
    webhook, signal = target.get("webhook"), target.get("signal")
    if webhook:
        headers = {"Content-Type": _CLOUD_EVENT, **(webhook.get("headers") or {})}
        request = {"method": "POST", "endpoint": webhook.get("url", ""), "headers": headers, "body": "${ . }"}
        return "webhook", {"call": "http", "with": request}
    if signal:
        names = {"execution": signal.get("execution_id", ""), "signal": signal.get("signal_name", "")}
        return "signal", {"call": "signal", "with": {**names, "payload": "${ . }"}}
    return "", {}


def notification(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """A message through a channel of the runner's settings; the output is the input."""
    builder.comes_from(place, **{"with": ""})
    builder.refuse(config, place.source, "template")
    keys = ("channel", "recipients", "subject", "body", "metadata")
    return {"call": "notify", "with": {key: config[key] for key in keys if config.get(key)}}


def grpc_call(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """`service` is `host:port/package.Service`; the server describes itself by reflection."""
    builder.comes_from(
        place, **{"with": "", "with_service": "service", "with_method": "method", "with_arguments": "request"}
    )
    address, slash, name = str(config.get("service", "")).partition("/")
    host, colon, port = address.rpartition(":")
    if not slash or not colon or not port.isdecimal():
        why = "must be host:port/package.Service, such as localhost:50051/shop.Catalog"
        builder.problems.append(Problem(f"{place.source}/service", why))
        return {"set": {}}
    service = {"name": name, "host": host, "port": int(port)}
    return {
        "call": "grpc",
        "with": {"service": service, "method": config.get("method", ""), "arguments": config.get("request") or {}},
    }


def activity_call(builder: Builder, config: Mapping[str, Json], place: Place) -> dict[str, Json]:
    """An activity on the users' queue, with the input as its one argument."""
    builder.comes_from(
        place, **{"with": "", "with_name": "activity", "with_arguments": "input", "with_arguments_0": "input"}
    )
    arguments: list[Json] = [config["input"]] if config.get("input") else []
    return {"call": "activity", "with": {"name": config.get("activity", ""), "arguments": arguments}}
