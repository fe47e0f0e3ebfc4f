"""Documents that calls are described by: OpenAPI, AsyncAPI, protocol buffers, functions of catalogs.

A document is the same for the whole life of an execution: the workflow remembers the hash of what it was first given,
and asks for that content from then on. It is kept in memory and in a directory, by its hash; one that is gone from
there and has changed at its source is an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.credentials import Authenticator
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.web import ACCEPT, Request
from stigmer_workflow_runner.activities.world import Opened
from stigmer_workflow_runner.errors import error_object

KEPT: Final = 64
KEPT_FILES: Final = 500
MAX_BYTES: Final = 8 * 1024 * 1024
MAX_YAML_BYTES: Final = 2 * 1024 * 1024
"""YAML is read by Python alone, which takes seconds for this much."""
MAX_VALUES: Final = 1_000_000
"""Values of a YAML document; aliases count as often as they are used, so that a few lines cannot fill the memory."""


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a document and their SHA-256 in hex; `uri` is where it was asked for."""

    uri: str
    data: bytes
    sha256: str

    @property
    def text(self) -> str:
        """The document as text. Fails when it is none."""
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise failure(error_object("configuration", f"the document {self.uri} is no UTF-8 text")) from error


class Documents:
    """`files` is the only directory that file:// URIs reach; `store` keeps documents by hash."""

    def __init__(self, authenticator: Authenticator, files: Path, store: Path) -> None:
        self._authenticator = authenticator
        self._files = files
        self._store = store
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._values: OrderedDict[str, Json] = OrderedDict()

    async def load(self, resource: Mapping[str, Any], opened: Opened, pins: Mapping[str, str]) -> Document:
        """The document of a resource `{uri, authentication}`; `pins` has the hashes of those used before, by URI."""
        uri = resource["uri"]
        if not isinstance(uri, str) or not uri:
            raise failure(error_object("expression", f"the endpoint of a document must give text, not {uri!r}"))
        pinned = pins.get(uri)
        data = self._kept.get(pinned) if pinned else None
        if data is None and pinned:
            data = await asyncio.to_thread(self._read, pinned)
        if data is None:
            data = await self._fetch(uri, resource.get("authentication"), opened)
        sha256 = hashlib.sha256(data).hexdigest()
        if pinned and sha256 != pinned:
            detail = (
                f"the document {uri} has changed since this execution first used it "
                f"(SHA-256 {pinned[:12]}…, now {sha256[:12]}…) and is not kept here any more"
            )
            raise failure(error_object("configuration", detail))
        await self._keep(sha256, data)
        return Document(uri, data, sha256)

    async def value(self, document: Document) -> Json:
        """The JSON or YAML value of a document."""
        if document.sha256 not in self._values:
            self._values[document.sha256] = await asyncio.to_thread(_parsed, document)
            while len(self._values) > KEPT:
                self._values.popitem(last=False)
        return self._values[document.sha256]

    async def _fetch(self, uri: str, policy: Mapping[str, Any] | None, opened: Opened) -> bytes:
        if uri.lower().startswith("file:"):
            return await asyncio.to_thread(self._file, uri)
        request = Request("GET", uri, {"Accept": f"{ACCEPT}, application/yaml, text/plain"}, redirect=True)
        answer = await self._authenticator.send(request, policy, opened)
        answer.check(f"reading the document {uri}")
        if len(answer.body) > MAX_BYTES:
            raise failure(error_object("configuration", f"{uri} is larger than {MAX_BYTES} bytes"))
        return answer.body

    def _file(self, uri: str) -> bytes:
        parts = urlsplit(uri)
        name = unquote(f"{parts.netloc}/{parts.path}".strip("/") if parts.netloc else parts.path)
        root = self._files.resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            detail = f"{uri} is outside {root}, the directory that workflow_runner.files_directory allows"
            raise failure(error_object("authorization", detail))
        try:
            if path.stat().st_size > MAX_BYTES:
                raise failure(error_object("configuration", f"{uri} is larger than {MAX_BYTES} bytes"))
            return path.read_bytes()
        except OSError as error:
            detail = f"{uri} cannot be read at {path}: {error.strerror}; put it there, or set files_directory"
            raise failure(error_object("configuration", detail)) from error

    def _read(self, sha256: str) -> bytes | None:
        try:
            data = (self._store / sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    async def _keep(self, sha256: str, data: bytes) -> None:
        if sha256 not in self._kept:
            await asyncio.to_thread(self._write, sha256, data)
        self._kept[sha256] = data
        self._kept.move_to_end(sha256)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def _write(self, sha256: str, data: bytes) -> None:
        """Keep a document in the directory; a runner without one does without, and fetches again."""
        with contextlib.suppress(OSError):
            self._store.mkdir(parents=True, exist_ok=True)
            target = self._store / sha256
            if target.exists():
                target.touch()
                return
            fresh = target.with_suffix(".new")
            fresh.write_bytes(data)
            fresh.replace(target)
            by_age = sorted(self._store.iterdir(), key=lambda path: path.stat().st_mtime)
            for path in by_age[:-KEPT_FILES]:
                path.unlink(missing_ok=True)


def _parsed(document: Document) -> Json:
    text = document.text
    with contextlib.suppress(ValueError):
        return json.loads(text)
    if len(text) > MAX_YAML_BYTES:
        detail = f"the YAML document {document.uri} is larger than {MAX_YAML_BYTES} bytes: write it as JSON"
        raise failure(error_object("configuration", detail))
    try:
        return _plain(YAML(typ="safe", pure=True).load(text), [MAX_VALUES])
    except (YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        detail = f"the document {document.uri} is neither JSON nor YAML: {reason}"
        raise failure(error_object("configuration", detail)) from error


def _plain(value: Any, left: list[int]) -> Json:
    """A YAML value as JSON: keys are texts, dates too. Raises `ValueError` when there are more than `left` values."""
    left[0] -= 1
    if left[0] < 0:
        raise ValueError(f"it has more than {MAX_VALUES} values")
    if isinstance(value, dict):
        return {str(key): _plain(item, left) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, left) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
