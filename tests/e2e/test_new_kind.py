"""The recipe "Adding a kind" of docs/architecture.md, followed to the letter on a copy of the sources."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from stack import free_ports, is_open

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "store", "server", "cli")
WAIT_SECONDS = 300

PROTO = """\
syntax = "proto3";
package ai.stigmer.agentic.note.v1;

import "ai/stigmer/commons/apiresource/audit.proto";
import "ai/stigmer/commons/apiresource/io.proto";
import "ai/stigmer/commons/apiresource/metadata.proto";
import "ai/stigmer/commons/rpc/pagination.proto";
import "buf/validate/validate.proto";

message Note {
  string api_version = 1 [(buf.validate.field).string.const = "agentic.stigmer.ai/v1"];
  string kind = 2 [(buf.validate.field).string.const = "Note"];
  ai.stigmer.commons.apiresource.ApiResourceMetadata metadata = 3 [(buf.validate.field).required = true];
  NoteSpec spec = 4 [(buf.validate.field).required = true];
  ai.stigmer.commons.apiresource.ApiResourceAuditStatus status = 5;
}

message NoteSpec {
  string text = 1 [(buf.validate.field).string.min_len = 3];
}

message ListNotesRequest {
  string org = 1;
  ai.stigmer.commons.rpc.PageInfo page_info = 2;
}

message NoteList {
  int32 total_count = 1;
  repeated Note items = 2;
}

service NoteCommandController {
  rpc apply(Note) returns (Note);
  rpc create(Note) returns (Note);
  rpc update(Note) returns (Note);
  rpc delete(ai.stigmer.commons.apiresource.ApiResourceDeleteInput) returns (Note);
}

service NoteQueryController {
  rpc get(ai.stigmer.commons.apiresource.ApiResourceId) returns (Note);
  rpc getByReference(ai.stigmer.commons.apiresource.ApiResourceReference) returns (Note);
  rpc list(ListNotesRequest) returns (NoteList);
}
"""
ROW = '    Kind("Note", "note", "notes", 1000, "nte"),\n'
MANIFEST = """\
apiVersion: agentic.stigmer.ai/v1
kind: Note
metadata: {{name: {name}, labels: {{team: red}}}}
spec: {{text: {text}}}
"""


class Checkout:
    """A copy of the sources, and a home for what runs from it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("proto", "scripts", "packages/stigmer-api/tests"):
            shutil.copytree(ROOT / name, root / name)
        sources = [root / "packages" / f"stigmer-{package}" / "src" for package in PACKAGES]
        for source in sources:
            shutil.copytree(ROOT / source.relative_to(root), source, ignore=shutil.ignore_patterns("__pycache__"))
        self.port = free_ports(1)[0]
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("STIGMER_", "TEMPORAL_"))}
        self.environment = {
            **clean,
            "PYTHONPATH": os.pathsep.join(map(str, sources)),
            "STIGMER_HOME": str(root / "home"),
            "STIGMER_PORT": str(self.port),
            "TEMPORAL_SERVICE_ADDRESS": "127.0.0.1:1",
        }

    def edit(self, path: str, before: str, added: str) -> None:
        """Put text before the first occurrence of another."""
        file = self.root / path
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, added + before, 1))

    def python(self, *words: str, stdin: str = "", exit_code: int = 0) -> str:
        """Run Python on the copy; what it said."""
        done = subprocess.run(
            [sys.executable, *words],
            env=self.environment,
            cwd=self.root,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def ctl(self, *words: str, stdin: str = "", exit_code: int = 0) -> str:
        """The copy's command line."""
        return self.python("-m", "stigmer_cli", *words, stdin=stdin, exit_code=exit_code)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A copy of the sources."""
    return Checkout(tmp_path)


@pytest.fixture
def recipe(checkout: Checkout) -> Checkout:
    """The recipe's steps, done: proto files, the number, the generator, one row."""
    folder = checkout.root / "proto" / "ai" / "stigmer" / "agentic" / "note" / "v1"
    folder.mkdir(parents=True)
    (folder / "api.proto").write_text(PROTO)
    enum = "proto/ai/stigmer/commons/apiresource/apiresourcekind/kind.proto"
    checkout.edit(enum, "  memory = 57", "  note = 1000;\n")
    checkout.python("scripts/generate_api.py")
    checkout.edit("packages/stigmer-api/src/stigmer_api/kinds.py", '    Kind("Memory"', ROW)
    return checkout


@pytest.fixture
def serving(recipe: Checkout) -> Iterator[Checkout]:
    """A server with the new kind."""
    server = subprocess.Popen(
        [sys.executable, "-m", "stigmer_server"],
        env=recipe.environment,
        cwd=recipe.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while not is_open(recipe.port):
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
        yield recipe
    finally:
        server.terminate()
        server.wait(WAIT_SECONDS)


@pytest.mark.timeout(600)
def test_a_new_kind_takes_proto_files_and_one_row(serving: Checkout) -> None:
    serving.python("-m", "pytest", "-q", "-c", "/dev/null", "packages/stigmer-api/tests/test_kinds.py")
    both = "---\n".join(MANIFEST.format(name=name, text=text) for name, text in (("first", "one"), ("second", "two")))
    assert "note/first created" in serving.ctl("apply", "-f", "-", stdin=both)
    assert "note/first unchanged" in serving.ctl("apply", "-f", "-", stdin=both)
    changed = MANIFEST.format(name="first", text="other words")
    assert "note/first configured" in serving.ctl("apply", "-f", "-", stdin=changed)
    assert "spec.text" in serving.ctl("apply", "-f", "-", stdin=MANIFEST.format(name="bad", text="x"), exit_code=2)
    assert set(serving.ctl("get", "notes", "-l", "team=red", "-o", "name").split()) == {"note/first", "note/second"}
    note = json.loads(serving.ctl("get", "note", "first", "-o", "json"))
    assert note["metadata"]["id"].startswith("nte-")
    assert note["spec"]["text"] == "other words"
    assert "did you mean first" in serving.ctl("get", "note", "frist", exit_code=1)
    assert "note/second deleted" in serving.ctl("delete", "note/second")
    assert serving.ctl("get", "notes", "-o", "name").split() == ["note/first"]
