"""Files that come with a message lie in the workspace; files that an agent leaves are listed, without its secrets."""

from __future__ import annotations

import io
import zipfile

import pytest
from agent_runner_testing.api import ApiServer
from agent_runner_testing.stack import Stack

from stigmer_agent_runner.errors import ResolveError
from stigmer_agent_runner.tools.attachments import attachment_note, mount_path
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, io_pb2
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1.spec_pb2 import Attachment

_SCRIPT = """
version: 1
cases:
  - turns:
      - call:
          - {tool: read_file, args: {path: /attachments/data.csv}}
          - {tool: read_file, args: {path: /docs/inner/a.txt}}
          - {tool: write_file, args: {path: /out/report.txt, content: "the key is tok-123456"}}
          - {tool: write_file, args: {path: /.git/config, content: private}}
      - say: "{{tool.read_file}}"
"""


async def upload(api: ApiServer, content: bytes) -> str:
    """Keep a file as the server does and return its key."""
    return str((await api.upload(io_pb2.UploadAttachmentRequest(filename="f", content=content))).storage_key)


def zipped(**files: str) -> bytes:
    """A zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


async def test_attachments_come_in_and_written_files_are_listed(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    session = api.add_session(api.add_agent(model="scripted", script=_SCRIPT))
    table, archive = (
        await upload(api, b"a,b\n1,2\n"),
        await upload(api, zipped(inner__a="x", **{"inner__a.txt": "deep"})),
    )
    execution = api.add_execution(
        session,
        "look",
        attachments=[
            {"filename": "data.csv", "storage_key": table},
            {"filename": "docs.zip", "storage_key": archive, "mount_path": "/docs", "extract": True},
        ],
    )
    api.set_variables(execution, {"KEY": "tok-123456"}, secret=True)
    await stack.start(execution)

    done = await api.finished(execution)

    assert (done.status.phase, done.status.error) == (enum_pb2.EXECUTION_COMPLETED, "")
    assert {
        call.result for message in done.status.messages for call in message.tool_calls if call.name == "read_file"
    } >= {
        "a,b\n1,2\n",
        "deep",
    }
    (artifact,) = [item for item in done.status.artifacts if not item.sandbox_path.startswith("/docs")]
    assert (artifact.name, artifact.sandbox_path) == ("report.txt", "/out/report.txt")
    assert api.files[artifact.storage_key] == b"the key is [secret:KEY]"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("gone.txt", None, "attachment 'gone.txt' does not exist"),
        ("a.zip", b"no zip", "no zip file that can be unpacked"),
        ("b.zip", zipped(**{"..__..__evil": "x"}), "leads elsewhere"),
    ],
)
async def test_attachments_that_cannot_be_used_fail_by_name(
    stack: Stack, api: ApiServer, name: str, content: bytes | None, problem: str
) -> None:
    stack.start_runner()
    key = "attachments/none" if content is None else await upload(api, content)
    attachment = {"filename": name, "storage_key": key, "extract": name.endswith(".zip")}
    done = await stack.run(api.add_session(api.add_agent(model="scripted")), "look", attachments=[attachment])
    assert done.status.phase == enum_pb2.EXECUTION_FAILED
    assert problem in done.status.error


def test_mount_paths_stay_in_the_workspace() -> None:
    assert mount_path(Attachment(filename="a.txt")) == "/attachments/a.txt"
    assert mount_path(Attachment(filename="a.txt", mount_path="in/")) == "/in/a.txt"
    assert mount_path(Attachment(filename="a.zip", extract=True)) == "/attachments/a"
    for path in ("../a.txt", "..", "x/../../a"):
        with pytest.raises(ResolveError, match=r"mount_path of attachment 'a\.txt'"):
            mount_path(Attachment(filename="a.txt", mount_path=path))
    note = attachment_note([Attachment(filename="a.txt")], ["src/main.py"])
    assert note == (
        "With the message came files: /attachments/a.txt. The message refers to files of the workspace: src/main.py."
    )
    assert attachment_note([], []) == ""
