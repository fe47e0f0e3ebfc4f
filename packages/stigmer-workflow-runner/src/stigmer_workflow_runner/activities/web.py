"""HTTP for every activity that speaks it: one connection pool, one host map, one limit, one set of rules for hosts."""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.certificates import Certified
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.guard import Guard, HostRefusedError, refused
from stigmer_workflow_runner.activities.redaction import Redactor
from stigmer_workflow_runner.errors import error_object

CONNECT_SECONDS: Final = 10.0
MAX_REDIRECTS: Final = 10
ACCEPT: Final = "application/json, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `query` is added to the URI's own."""

    method: str
    uri: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Sequence[tuple[str, str]] = ()
    content: bytes | None = None
    redirect: bool = False

    @property
    def label(self) -> str:
        """Method and URI, for messages."""
        return f"{self.method} {self.uri}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with its whole body; `sent` are the headers of the request."""

    status: int
    reason: str
    headers: httpx.Headers
    body: bytes
    sent: Mapping[str, str]

    @property
    def content(self) -> Json:
        """The body: JSON by its content type, else text, else base64; no body is null."""
        if not self.body:
            return None
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json" or kind.endswith("+json"):
            with contextlib.suppress(ValueError, RecursionError):
                return json.loads(self.body)
        charset = httpx.Response(200, headers=self.headers).charset_encoding
        try:
            return self.body.decode(charset or "utf-8")
        except (UnicodeDecodeError, LookupError):
            return base64.b64encode(self.body).decode()

    def check(self, label: str, highest: int = 300) -> None:
        """Fail with a communication error unless the status is from 200 up to below `highest`."""
        if not 200 <= self.status < highest:
            text = self.body[:500].decode("utf-8", "replace")
            detail = f"{label} answered {self.status} {self.reason}: {text}".rstrip(": ")
            raise failure(communication(self.status, detail))


class Web:
    """`host_map` replaces the beginning of URIs; `max_bytes` bounds a response's body."""

    def __init__(
        self, host_map: Mapping[str, str] | None = None, max_bytes: int = 1024 * 1024, guard: Guard | None = None
    ) -> None:
        self.guard = guard or Guard()
        self.max_bytes = max_bytes
        self._host_map = dict(host_map or {})
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def mapped(self, uri: str) -> str:
        """The URI where the request really goes."""
        for start, target in self._host_map.items():
            if uri == start or uri.startswith((start + "/", start + "?")):
                return target + uri[len(start) :]
        return uri

    async def send(self, request: Request, auth: httpx.Auth | None = None) -> Answer:
        """Make a request and read its answer, whatever its status. Fails with a communication error."""
        async with self.stream(request, auth) as response:
            body = await read_all(response, self.max_bytes, request.label)
        return Answer(response.status_code, response.reason_phrase, response.headers, body, response.request.headers)

    @contextlib.asynccontextmanager
    async def stream(self, request: Request, auth: httpx.Auth | None = None) -> AsyncIterator[httpx.Response]:
        """A response whose body is read by the block; what goes wrong, there too, is a communication error."""
        with _explained(request.label):
            url = httpx.URL(self.mapped(request.uri))
            if request.query:
                url = url.copy_merge_params(list(request.query))
            async with self._client_for(auth, url) as client:
                stream = client.stream(
                    request.method,
                    url,
                    headers=dict(request.headers),
                    content=request.content,
                    follow_redirects=request.redirect,
                    auth=auth,
                )
                async with stream as response:
                    yield response

    @contextlib.asynccontextmanager
    async def _client_for(self, auth: httpx.Auth | None, url: httpx.URL) -> AsyncIterator[httpx.AsyncClient]:
        """The shared client; who shows a certificate has one of its own, so that nobody else uses its connections."""
        if isinstance(auth, Certified):
            if url.scheme != "https":
                detail = f"{url.scheme}://{url.host}: a certificate can be shown to https only"
                raise failure(error_object("configuration", detail))
            async with self._new_client(auth.identity.context()) as own:
                yield own
            return
        if self._client is None:
            self._client = self._new_client(True)
        yield self._client

    def _new_client(self, verify: ssl.SSLContext | bool) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
        transport = httpx.AsyncHTTPTransport(limits=limits, trust_env=False, verify=verify)
        pool: Any = transport._pool  # noqa: SLF001 - httpx has no other place for a network backend
        pool._network_backend = self.guard.backend()  # noqa: SLF001 - see above
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
        # The pool is shared by all executions, so no cookie of one may be sent by another.
        jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        client = httpx.AsyncClient(transport=transport, timeout=timeout, trust_env=False, cookies=jar)
        client.max_redirects = MAX_REDIRECTS
        return client


@contextlib.contextmanager
def _explained(label: str) -> Any:
    try:
        yield
    except HostRefusedError as error:
        raise refused(error, label) from error
    except httpx.TimeoutException as error:
        raise failure(communication(504, f"{label}: no answer in time ({type(error).__name__})")) from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise failure(error_object("configuration", f"{label}: not a usable URI: {error}")) from error
    except UnicodeError as error:
        detail = f"{label}: a header holds what HTTP cannot: {type(error).__name__}"
        raise failure(error_object("configuration", detail)) from error
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise failure(communication(503, f"{label}: {reason}")) from error


async def read_all(response: httpx.Response, max_bytes: int, label: str) -> bytes:
    """The whole body; one of more than `max_bytes` is a communication error."""
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > max_bytes:
            raise failure(communication(502, f"{label}: the body is larger than {max_bytes} bytes"))
        chunks.append(chunk)
    return b"".join(chunks)


async def lines_of(response: httpx.Response, max_bytes: int, label: str) -> AsyncIterator[str]:
    """The lines of a body that may never end; a line of more than `max_bytes` is a communication error."""
    rest = ""
    async for text in response.aiter_text():
        *lines, rest = (rest + text).replace("\r\n", "\n").split("\n")
        for line in lines:
            yield line
        if len(rest) > max_bytes:
            raise failure(communication(502, f"{label}: a line is larger than {max_bytes} bytes"))
    if rest:
        yield rest


def body_of(body: Json, headers: dict[str, str]) -> bytes:
    """The body's bytes: text as it is, a form or parts as such, else JSON; sets Content-Type when there is none."""
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if isinstance(body, str):
        if not kind:
            headers["Content-Type"] = "text/plain; charset=utf-8"
        return body.encode()
    if kind.startswith("multipart/form-data") and isinstance(body, dict):
        return _multipart(body, headers)
    if kind.startswith("application/x-www-form-urlencoded") and isinstance(body, dict):
        return str(httpx.QueryParams({key: _field(item) for key, item in body.items()})).encode()
    if not kind:
        headers["Content-Type"] = "application/json"
    return json.dumps(body, ensure_ascii=False).encode()


def _multipart(body: Mapping[str, Json], headers: dict[str, str]) -> bytes:
    """The fields of an object as parts; a list is several parts of one name."""
    pairs = [(name, item) for name, value in body.items() for item in (value if isinstance(value, list) else [value])]
    parts = [(name, (None, str(_field(_scalar(item))).encode())) for name, item in pairs]
    request = httpx.Request("POST", "http://unused", files=parts)
    for name in [name for name in headers if name.lower() == "content-type"]:
        headers[name] = request.headers["content-type"]
    return request.read()


def _scalar(value: Json) -> Json:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value


def _field(value: Json) -> Any:
    if isinstance(value, list):
        return [_field(item) for item in value]
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def output_of(answer: Answer, request: Request, form: str, redactor: Redactor) -> Json:
    """What a task gives for an answer: its `content`, the `raw` body as base64, or the whole `response`."""
    if form == "raw":
        return base64.b64encode(redactor.data(answer.body)).decode()
    if form == "content":
        return answer.content
    sent = {name: value for name, value in answer.sent.items() if name.lower() not in ("authorization", "cookie")}
    return {
        "request": {"method": request.method, "uri": request.uri, "headers": sent},
        "statusCode": answer.status,
        "headers": dict(answer.headers.items()),
        "content": answer.content,
    }


def communication(status: int, detail: str) -> dict[str, Json]:
    """The error object of a call that went wrong on its way or over there."""
    return error_object("communication", detail, status=status)
