"""Descriptions of gRPC services: compiled from .proto text, read from a descriptor set, or asked of the server."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import grpc.aio
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from stigmer_api.dsl.problems import listed
from stigmer_workflow_runner.errors import fault

COMPILE_SECONDS: Final = 30.0
MAX_FILES: Final = 100
_REFLECTION: Final = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
_BINARY: Final = (".binpb", ".pb", ".protoset", ".desc", ".bin")
_IMPORT = re.compile(r'^\s*import\s+(?:public\s+|weak\s+)?"([^"]+)"\s*;', re.MULTILINE)
_PROVIDED: Final = "google/protobuf/"

Read = Callable[[str], Awaitable[bytes]]


async def described(uri: str, data: bytes, read: Read) -> FileDescriptorSet:
    """The descriptors of the document at `uri`. `read(path)` gives what it imports, by path relative to it.

    Raises:
        Fault: (configuration) it does not compile; the text is the compiler's.
    """
    if uri.partition("?")[0].endswith(_BINARY):
        try:
            return FileDescriptorSet.FromString(data)
        except DecodeError as error:
            raise fault("configuration", f"{uri} is no set of descriptors: {error}") from error
    files = {PurePosixPath(uri.partition("?")[0]).name or "service.proto": data}
    todo = list(files)
    while todo:
        for name in _IMPORT.findall(files[todo.pop()].decode("utf-8", "replace")):
            if name not in files and not name.startswith(_PROVIDED):
                if len(files) >= MAX_FILES or ".." in PurePosixPath(name).parts or name.startswith("/"):
                    raise fault("configuration", f"{uri} imports too much, or from outside: {name}")
                files[name] = await read(name)
                todo.append(name)
    return await _compiled(uri, files)


async def _compiled(uri: str, files: Mapping[str, bytes]) -> FileDescriptorSet:
    """Run protoc in a process of its own: it is native code on text from elsewhere."""
    with tempfile.TemporaryDirectory(prefix="stigmer-proto-") as folder:
        root = Path(folder)
        for name, data in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        result = root / "result.binpb"
        own = ["-m", "grpc_tools.protoc", f"--proto_path={root}", "--include_imports", f"--descriptor_set_out={result}"]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *own,
            *files,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
        )
        try:
            async with asyncio.timeout(COMPILE_SECONDS):
                _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0 or not result.exists():
            text = said.decode("utf-8", "replace").replace(folder + "/", "").strip()
            raise fault("configuration", f"{uri} is no valid .proto file: {text[:2000]}")
        return FileDescriptorSet.FromString(result.read_bytes())


async def reflected(channel: grpc.aio.Channel, service: str, metadata: Any) -> FileDescriptorSet:
    """The descriptors of a service, by its full name, as its server tells them. Raises `Fault` when it does not."""
    for name in _REFLECTION:
        try:
            return await _ask(channel, name, service, metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
    detail = f"the server does not describe {service!r} by reflection: give with.proto"
    raise fault("configuration", detail)


async def _ask(channel: grpc.aio.Channel, reflection: str, service: str, metadata: Any) -> FileDescriptorSet:
    ask: Any = channel.stream_stream(
        f"/{reflection}/ServerReflectionInfo",
        request_serializer=ServerReflectionRequest.SerializeToString,
        response_deserializer=ServerReflectionResponse.FromString,
    )
    call = ask(metadata=metadata)
    files: dict[str, FileDescriptorProto] = {}

    async def answer(**asked: str) -> list[str]:
        await call.write(ServerReflectionRequest(**asked))
        response = await call.read()
        if response is grpc.aio.EOF or not response.HasField("file_descriptor_response"):
            said = response.error_response.error_message if response is not grpc.aio.EOF else "it ended the stream"
            raise fault("configuration", f"the server has no {' '.join(asked.values())!r}: {said}")
        wanted: list[str] = []
        for data in response.file_descriptor_response.file_descriptor_proto:
            found = FileDescriptorProto.FromString(data)
            files[found.name] = found
            wanted.extend(found.dependency)
        return wanted

    try:
        todo = await answer(file_containing_symbol=service)
        while todo and len(files) < MAX_FILES:
            name = todo.pop()
            if name not in files:
                todo.extend(await answer(file_by_filename=name))
        await call.done_writing()
    finally:
        call.cancel()
    return FileDescriptorSet(file=_in_order(files))


def _in_order(files: Mapping[str, FileDescriptorProto]) -> list[FileDescriptorProto]:
    """Files after those that they import."""
    done: dict[str, FileDescriptorProto] = {}

    def add(name: str) -> None:
        if name in files and name not in done:
            for needed in files[name].dependency:
                add(needed)
            done[name] = files[name]

    for name in files:
        add(name)
    return list(done.values())


def find_method(descriptors: FileDescriptorSet, service: str, method: str) -> MethodDescriptor:
    """A method by the full name of its service, or by the last part of it where that is enough.

    Raises:
        Fault: (configuration) there is no such service or method; the text lists those there are.
    """
    pool = DescriptorPool()
    for file in _in_order({file.name: file for file in descriptors.file}):
        try:
            pool.AddSerializedFile(file.SerializeToString())
        except TypeError as error:
            raise fault("configuration", f"the description of {service!r} cannot be used: {error}") from error
    names = [f"{f.package}.{s.name}".lstrip(".") for f in descriptors.file for s in f.service]
    same = [name for name in names if name == service] or [name for name in names if name.endswith(f".{service}")]
    if len(same) != 1:
        raise fault("configuration", f"there is no service {service!r}: the description has {listed(names)}")
    found = pool.FindServiceByName(same[0])
    target = found.methods_by_name.get(method)
    if target is None:
        raise fault("configuration", f"{same[0]} has no method {method!r}: it has {listed(found.methods_by_name)}")
    return target
