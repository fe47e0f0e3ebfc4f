"""A small MCP server over stdio, by hand: it can be told to be slow, to lie, to die, and to change its mind.

    faulty_mcp.py [LOG]

Environment: FAULTY=silent|die|garbage at start; FAULTY_DESCRIPTION: description of the tool `note`; FAULTY_TOOLS=more
adds the tool `extra`, `python` the tool `python`, `rubbish` one whose answers are none. Every call of a tool is written
to LOG.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

OBJECT = {"type": "object", "properties": {"text": {"type": "string"}}}


def tools() -> list[dict[str, Any]]:
    found = [
        {"name": "note", "description": os.environ.get("FAULTY_DESCRIPTION", "Notes a text."), "inputSchema": OBJECT},
        {"name": "die", "description": "Dies.", "inputSchema": OBJECT},
        {"name": "read", "description": "Dies once, then reads.", "inputSchema": OBJECT},
        {"name": "environment", "description": "Names of its variables.", "inputSchema": OBJECT},
        {"name": "sleep", "description": "Never answers.", "inputSchema": OBJECT},
    ]
    found[1]["annotations"] = {"destructiveHint": True}
    found[2]["annotations"] = {"readOnlyHint": True}
    if os.environ.get("FAULTY_TOOLS") == "python":
        found.append({"name": "python", "description": "Says what an expression gives.", "inputSchema": OBJECT})
    if os.environ.get("FAULTY_TOOLS") == "more":
        found.append({"name": "extra", "description": "New.", "inputSchema": OBJECT})
    if os.environ.get("FAULTY_TOOLS") == "rubbish":
        found.append({"name": "rubbish", "description": "Answers badly.", "inputSchema": OBJECT})
    return found


def call(name: str, args: dict[str, Any]) -> str:
    if len(sys.argv) > 1:
        with Path(sys.argv[1]).open("a") as log:
            log.write(f"{name}\n")
    if name == "sleep":
        time.sleep(3600)
    if name == "die" or (name == "read" and args.get("text") and not Path(args["text"]).exists()):
        if name == "read":
            Path(args["text"]).touch()
        sys.stderr.write("dying as told\n")
        os._exit(3)
    if name == "python":
        try:
            return str(eval(args["text"], {"Path": Path, "os": os, "socket": socket, "subprocess": subprocess}))
        except (OSError, subprocess.SubprocessError) as error:
            return f"{type(error).__name__}: {error}"
    if name == "environment":
        return " ".join(sorted(os.environ))
    return f"noted {args.get('text', '')}"


def answer(message: dict[str, Any]) -> dict[str, Any] | None:
    method = message.get("method")
    if method == "initialize":
        version = message["params"]["protocolVersion"]
        info = {"name": "faulty", "version": "1"}
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {"tools": tools()}
    if method == "tools/call":
        text = call(message["params"]["name"], message["params"].get("arguments") or {})
        return {"content": [{"type": "text", "text": text}]}
    return None


def rubbish(message: dict[str, Any]) -> bool:
    """Answer a call of `rubbish` as it asks; False when the message is no such call."""
    given = message.get("params", {})
    if message.get("method") != "tools/call" or given["name"] != "rubbish":
        return False
    head = f'{{"jsonrpc": "2.0", "id": {json.dumps(message["id"])}, '
    lines = {
        "shape": head + '"result": {"content": 7}}',
        "nothing": head + '"result": null}',
        "error": head + '"error": {"code": -32000, "message": "the disk is full"}}',
        "noise": "no JSON\n" + head + '"result": {"content": [{"type": "text", "text": "after the noise"}]}}',
        "flood": head + '"result": {"content": [{"type": "text", "text": "' + "x" * 5_000_000 + '"}]}}',
        "bytes": head + '"result": {"content": [{"type": "text", "text": "\udcff\udcfe"}]}}',
    }
    sys.stdout.buffer.write(lines[given["arguments"]["text"]].encode(errors="surrogateescape") + b"\n")
    sys.stdout.flush()
    return True


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    fault = os.environ.get("FAULTY", "")
    if fault == "die":
        sys.exit("no configuration found, giving up")
    if fault == "child":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600) # mcp child"])
    if fault == "silent":
        sys.stderr.write("waiting for nothing\n")
        sys.stderr.flush()
        time.sleep(3600)
    if fault == "garbage":
        say("this is no JSON at all")
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message or rubbish(message):
            continue
        result = answer(message)
        reply = {"jsonrpc": "2.0", "id": message["id"]}
        reply |= {"result": result} if result is not None else {"error": {"code": -32601, "message": "no such method"}}
        say(json.dumps(reply))


if __name__ == "__main__":
    main()
