"""The HTTP activity against a real server on loopback."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from stigmer_workflow_runner.activities.http import HttpCalls
from stigmer_workflow_runner.activities.web import Web


@pytest.fixture
async def calls(http: Any) -> Any:
    web = Web({"https://shop.example": http.url}, max_bytes=1000)
    yield HttpCalls(web)
    await web.close()


def request(uri: Any, **more: Any) -> Any:
    base = {"method": "GET", "uri": uri, "headers": {}, "query": [], "body": None, "has_body": False,
            "output": "content", "redirect": False, "key": "k-1", "timeout": 5.0}  # fmt: skip
    return {**base, **more}


async def error_of(calls: Any, asked: Any) -> Any:
    with pytest.raises(ApplicationError) as found:
        await calls.call(asked)
    assert found.value.non_retryable
    return found.value.details[0]


async def test_json_is_decoded_and_the_key_is_sent(calls: Any, http: Any) -> None:
    result = await calls.call(request(f"{http.url}/a", query=[["q", "x y"], ["q", "2"]]))
    assert result["path"] == "/a?q=x+y&q=2"
    assert http.requests[0][2]["idempotency-key"] == "k-1"


async def test_the_host_map_replaces_the_beginning_of_a_uri_only_at_a_boundary(calls: Any, http: Any) -> None:
    assert (await calls.call(request("https://shop.example/x")))["path"] == "/x"
    assert (await error_of(calls, request("https://shop.example.invalid:1/x")))["status"] == 503


@pytest.mark.parametrize(
    ("body", "sent", "kind"),
    [({"a": 1}, b'{"a": 1}', "application/json"), ("text", b"text", "text/plain; charset=utf-8"), (None, b"null", "application/json")],
)  # fmt: skip
async def test_a_body_is_json_unless_it_is_text(calls: Any, http: Any, body: Any, sent: Any, kind: Any) -> None:
    async def accept(*_: Any) -> Any:
        return 200, {}

    http.answer = accept
    await calls.call(request(f"{http.url}/a", method="POST", body=body, has_body=True))
    _, _, headers, received = http.requests[0]
    assert (received, headers["content-type"]) == (sent, kind)


async def test_content_that_is_no_json_is_text_and_raw_is_base64(calls: Any, http: Any) -> None:
    async def text(*_: Any) -> Any:
        return 200, "grüß".encode()

    http.answer = text
    assert await calls.call(request(http.url)) == "grüß"
    assert await calls.call(request(http.url, output="raw")) == base64.b64encode("grüß".encode()).decode()


async def test_the_whole_response_has_request_status_headers_and_content(calls: Any, http: Any) -> None:
    result = await calls.call(request(f"{http.url}/a", output="response", headers={"Authorization": "Bearer x"}))
    assert (result["statusCode"], result["content"]["path"], result["request"]["method"]) == (200, "/a", "GET")
    assert "authorization" not in result["request"]["headers"]
    assert result["headers"]["content-type"] == "application/json"


async def test_a_status_outside_2xx_is_a_communication_error_with_that_status(calls: Any, http: Any) -> None:
    async def gone(*_: Any) -> Any:
        return 410, {"why": "gone"}

    http.answer = gone
    error = await error_of(calls, request(f"{http.url}/x"))
    assert (error["type"].rpartition("/")[2], error["status"]) == ("communication", 410)
    assert f"GET {http.url}/x answered 410" in error["detail"]
    assert "gone" in error["detail"]


async def test_redirects_are_errors_unless_asked_for(calls: Any, http: Any) -> None:
    async def moved(_verb: Any, path: Any, _headers: Any, _body: Any) -> Any:
        return (302, {"location": "/new"}) if path == "/old" else (200, {"path": path})

    http.answer = moved
    assert (await error_of(calls, request(f"{http.url}/old")))["status"] == 302
    assert await calls.call(request(f"{http.url}/old", redirect=True)) == {"path": "/new"}


async def test_an_endpoint_that_refuses_is_named(calls: Any) -> None:
    error = await error_of(calls, request("http://127.0.0.1:1/x"))
    assert (error["status"], "GET http://127.0.0.1:1/x" in error["detail"]) == (503, True)


async def test_a_name_that_does_not_resolve_and_a_uri_that_is_none_are_errors(calls: Any) -> None:
    assert (await error_of(calls, request("http://nowhere.invalid/x")))["status"] == 503
    assert (await error_of(calls, request("gopher://x/")))["type"].endswith("/configuration")


async def test_a_body_that_is_too_large_is_an_error(calls: Any, http: Any) -> None:
    async def large(*_: Any) -> Any:
        return 200, "x" * 2000

    http.answer = large
    assert "larger than 1000 bytes" in (await error_of(calls, request(http.url)))["detail"]


async def test_a_connection_that_breaks_off_is_a_communication_error(calls: Any) -> None:
    async def hang_up(_reader: Any, writer: Any) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await error_of(calls, request(f"http://127.0.0.1:{port}/")))["status"] == 503


async def test_no_cookie_of_one_call_is_sent_by_another(calls: Any, http: Any) -> None:
    async def baker(*_: Any) -> Any:
        return 200, {"header": ("Set-Cookie", "session=of-somebody; Path=/")}

    http.answer = baker
    await calls.call(request(f"{http.url}/a"))
    await calls.call(request(f"{http.url}/a"))
    assert "cookie" not in http.requests[1][2]


async def test_the_query_is_added_to_that_of_the_uri(calls: Any, http: Any) -> None:
    assert (await calls.call(request(f"{http.url}/a?x=1", query=[["y", "2"]])))["path"] == "/a?x=1&y=2"


async def test_a_header_that_http_cannot_hold_is_an_error_of_the_document(calls: Any, http: Any) -> None:
    error = await error_of(calls, request(http.url, headers={"X-Name": "Łukasz"}))
    assert (error["type"].rpartition("/")[2], error["status"]) == ("configuration", 400)


async def test_a_form_is_sent_as_one(calls: Any, http: Any) -> None:
    async def accept(*_: Any) -> Any:
        return 200, {}

    http.answer = accept
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    await calls.call(request(http.url, method="POST", headers=headers, body={"a": "x y", "b": [1, 2]}, has_body=True))
    assert http.requests[0][3] == b"a=x+y&b=1&b=2"
    headers = {"content-type": "multipart/form-data"}
    await calls.call(
        request(http.url, method="POST", headers=headers, body={"a": "x y", "b": [1, True]}, has_body=True)
    )
    _, _, sent, body = http.requests[1]
    boundary = sent["content-type"].partition("boundary=")[2].encode()
    parts = [part.partition(b"\r\n\r\n")[::2] for part in body.split(b"--" + boundary)[1:-1]]
    names = [head.partition(b'name="')[2].partition(b'"')[0] for head, _ in parts]
    assert (names, [value.strip() for _, value in parts]) == ([b"a", b"b", b"b"], [b"x y", b"1", b"true"])
