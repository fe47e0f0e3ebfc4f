"""A service that answers 503 twice, then a report. Run it beside the example: python flaky_server.py 8099"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAILURES = 2


class Flaky(BaseHTTPRequestHandler):
    """Counts requests on the server object, so that a test can read the count."""

    server: FlakyServer

    def do_GET(self) -> None:
        """Answer one request."""
        self.server.requests += 1
        failing = self.server.requests <= FAILURES
        body = {"error": "warming up"} if failing else {"title": "Report", "body": "all systems are well"}
        payload = json.dumps(body).encode()
        self.send_response(503 if failing else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


class FlakyServer(ThreadingHTTPServer):
    """Listens on loopback only; port 0 picks a free one."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Flaky)
        self.requests = 0


if __name__ == "__main__":
    FlakyServer(int(sys.argv[1]) if len(sys.argv) > 1 else 8099).serve_forever()
