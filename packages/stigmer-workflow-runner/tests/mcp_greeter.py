"""An MCP server over standard input and output, for tests: one tool that greets, one that fails."""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """The result or error of a request."""
    if message["method"] == "initialize":
        return {"result": {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {}}}
    parameters = message.get("params", {})
    if message["method"] != "tools/call":
        return {"error": {"code": -32601, "message": "no such method"}}
    if parameters["name"] == "fail":
        return {"result": {"isError": True, "content": [{"type": "text", "text": "it broke"}]}}
    text = f"{os.environ['GREETING']} {parameters['arguments']['name']}"
    return {
        "result": {"content": [{"type": "text", "text": text}], "structuredContent": {"environment": [*os.environ]}}
    }


for line in sys.stdin:
    found = json.loads(line)
    if "id" in found and "method" in found:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": 99, "method": "ping"}) + "\n")
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": found["id"], **answer(found)}) + "\n")
        sys.stdout.flush()
