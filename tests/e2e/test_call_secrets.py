"""A secret of an execution reaches the service that a workflow calls, and nothing that is stored or shown."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack import Stack

SECRET = "sesame-0d1f9a7c"
WORKFLOW = """
document: {dsl: '1.0.3', namespace: tests, name: secret-call, version: 1.0.0}
use: {secrets: [API_KEY]}
do:
  - ask:
      call: http
      with:
        method: post
        endpoint: {uri: '${ $workflow.input.service }', authentication: {bearer: {use: API_KEY}}}
        query: {key: '${.secrets.API_KEY}'}
        headers: {X-Key: 'Key ${.secrets.API_KEY}'}
        body: {key: '${ $secrets.API_KEY }', name: '${ .name }'}
"""


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent."""

    seen: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append({**headers, "path": self.path, "body": body})
        answer = json.dumps(self.seen[-1]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing: the test looks at what it got."""


@pytest.fixture
def service() -> Iterator[str]:
    """The service on a free port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_a_secret_reaches_the_service_and_nothing_that_is_stored_or_shown(
    stack: Stack, service: str, tmp_path: Path
) -> None:
    manifest = tmp_path / "workflow.yaml"
    manifest.write_text(WORKFLOW)
    stack.ctl("apply", "-f", str(manifest))
    given = json.dumps({"service": service, "name": "Ada"})
    done = stack.ctl("run", "workflow/secret-call", "--input", given, "--env", f"secret:API_KEY={SECRET}")
    assert json.loads(done.stdout)["authorization"] == "Bearer ***"
    assert json.loads(json.loads(done.stdout)["body"]) == {"key": "***", "name": "Ada"}
    assert _Echo.seen[-1]["authorization"] == f"Bearer {SECRET}"
    assert _Echo.seen[-1]["x-key"] == f"Key {SECRET}"
    assert _Echo.seen[-1]["path"] == f"/?key={SECRET}"
    assert SECRET not in done.stdout + done.stderr
    files = [path for path in stack.home.rglob("*") if path.is_file()]
    assert any("temporal" in path.name for path in files)
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_a_secret_that_is_missing_is_named_and_nothing_is_called(stack: Stack, service: str, tmp_path: Path) -> None:
    manifest = tmp_path / "workflow.yaml"
    manifest.write_text(WORKFLOW)
    stack.ctl("apply", "-f", str(manifest))
    before = len(_Echo.seen)
    done = stack.ctl("run", "workflow/secret-call", "--input", json.dumps({"service": service}), check=1)
    assert "has no value for the secret 'API_KEY'" in done.stderr
    assert len(_Echo.seen) == before
