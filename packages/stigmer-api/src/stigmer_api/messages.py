"""Finds generated message classes by full name and imports their module on first use."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pool, message_factory

from stigmer_api import _pb

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor
    from google.protobuf.message import Message

WIRE_PACKAGES = ("ai.stigmer", "stigmer.runtime")


@cache
def load_package(package: str) -> tuple[FileDescriptor, ...]:
    """Import every generated module of a proto package, for example "ai.stigmer.agentic.agent.v1".

    Raises LookupError when the contract has no such package.
    """
    try:
        module = importlib.import_module(f"{_pb.__name__}.{package}")
    except ModuleNotFoundError as error:
        raise LookupError(f"the wire contract has no package {package!r}") from error
    names = [info.name for info in pkgutil.iter_modules(module.__path__) if info.name.endswith("_pb2")]
    return tuple(importlib.import_module(f"{module.__name__}.{name}").DESCRIPTOR for name in names)


@cache
def all_files() -> tuple[FileDescriptor, ...]:
    """Import every generated module and return its file descriptors, ordered by name."""
    names = [info.name for info in pkgutil.walk_packages(_pb.__path__, f"{_pb.__name__}.") if not info.ispkg]
    return tuple(sorted((importlib.import_module(name).DESCRIPTOR for name in names), key=lambda file: str(file.name)))


@cache
def message_class(full_name: str) -> type[Message]:
    """Return the class of a message, for example "ai.stigmer.agentic.agent.v1.Agent"; LookupError if unknown."""
    package, _, _ = full_name.rpartition(".")
    if not full_name.startswith("google."):
        load_package(package)
    try:
        descriptor: Any = descriptor_pool.Default().FindMessageTypeByName(full_name)
    except KeyError as error:
        raise LookupError(f"the wire contract has no message {full_name!r}") from error
    return message_factory.GetMessageClass(descriptor)
