"""The pure parts of MCP: placeholders, names, pins, policies, warnings; and the limits of skill packages."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from stigmer_agent_runner.abilities import ServerUse
from stigmer_agent_runner.environment import Environment, Value
from stigmer_agent_runner.errors import ResolveError
from stigmer_agent_runner.mcp.config import HttpTarget, ServerConfig, StdioTarget, config_of
from stigmer_agent_runner.mcp.naming import names_of
from stigmer_agent_runner.mcp.pins import check_pins, unpinned_package
from stigmer_agent_runner.mcp.policy import rule_of
from stigmer_agent_runner.mcp.remote import RemoteTool
from stigmer_agent_runner.skills.package import read_package
from stigmer_agent_runner.skills.text import read_skill_text
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2
from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1 import api_pb2 as mcp_pb2

VARIABLES = Environment({"KEY": Value("s3cret/&", is_secret=True), "HOST": Value("example.org"), "DIR": Value("/tmp")})


def server(**spec: Any) -> mcp_pb2.McpServer:
    """A server called `notes`."""
    return mcp_pb2.McpServer(metadata={"id": "mcp-1", "slug": "notes"}, spec=spec)


def test_placeholders_are_filled_where_they_may_stand() -> None:
    http = config_of(
        server(
            http={
                "url": "https://${HOST}/mcp?a=1&key=${KEY}",
                "headers": {"authorization": "Bearer ${KEY}", "price": "5 $$"},
                "query_params": {"k": "${KEY}"},
                "timeout_seconds": 7,
            }
        ),
        VARIABLES,
    ).target
    stdio = config_of(
        server(stdio={"command": "x", "args": ["--at", "${DIR}/a"], "working_dir": "${DIR}"}, env={"KEY": {}}),
        VARIABLES,
    ).target

    assert isinstance(http, HttpTarget)
    assert http.url == "https://example.org/mcp?a=1&key=s3cret%2F%26&k=s3cret%2F%26"
    assert http.headers == {"authorization": "Bearer s3cret/&", "price": "5 $"}
    assert (http.call_seconds, http.is_sse, http.shown) == (7.0, False, "https://example.org")
    assert stdio == StdioTarget("x", ("--at", "/tmp/a"), "/tmp", {"KEY": "s3cret/&"})
    assert "s3cret" not in repr((http, stdio))


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, "says neither stdio nor http"),
        ({"stdio": {"command": "x", "args": ["${KEY}"]}}, "would put the secret KEY where every process"),
        ({"stdio": {"command": "x", "working_dir": "/no/such/folder"}}, "is no folder of this machine"),
        ({"http": {"url": "http://${HOST}/", "headers": {"k": "${KEY}"}}}, "would send the secret KEY unencrypted"),
        ({"http": {"url": "ftp://x"}}, "must be an http:// or https:// address"),
        ({"http": {"url": "https://x", "headers": {"k": "${NOBODY}"}}}, "needs the variable NOBODY"),
    ],
)
def test_what_a_server_cannot_mean_is_refused_with_its_field(spec: dict[str, Any], text: str) -> None:
    with pytest.raises(ResolveError, match="MCP server 'notes'") as caught:
        config_of(server(**spec), VARIABLES)

    assert text in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_secrets_may_go_to_this_machine_unencrypted() -> None:
    target = config_of(server(http={"url": "http://127.0.0.1:1/", "headers": {"k": "${KEY}"}}), VARIABLES).target

    assert isinstance(target, HttpTarget)


def test_names_are_the_servers_own_until_two_have_them() -> None:
    tools = [
        ("git", "log"),
        ("git", "status"),
        ("web", "log"),
        ("web", "read_file"),
        ("web", "a b.c"),
        ("web", "x" * 80),
    ]

    names = names_of(tools, ["read_file"])

    assert names["git", "status"] == "status"
    assert (names["git", "log"], names["web", "log"]) == ("git__log", "web__log")
    assert names["web", "read_file"] == "web__read_file"
    assert names["web", "a b.c"] == "web__a_b_c"
    assert len(names["web", "x" * 80]) == 64
    assert len(set(names.values())) == len(tools)


def test_no_server_can_take_the_name_that_another_ones_tool_gets() -> None:
    tools = [("a", "b__c"), ("a__b", "c"), ("x", "c"), ("a", "log"), ("b", "log"), ("c", "a__log")]

    names = names_of(tools, [])

    assert len(set(names.values())) == len(tools)
    assert names_of(reversed(tools), []).keys() == names.keys()


def test_a_pin_changes_with_everything_that_a_model_or_a_policy_goes_by() -> None:
    tool = RemoteTool("note", "Notes.", {"type": "object"}, {"readOnlyHint": True})
    others = [
        RemoteTool("note", "Notes!", tool.schema, tool.annotations),
        RemoteTool("note", tool.description, {"type": "object", "properties": {}}, tool.annotations),
        RemoteTool("note", tool.description, tool.schema, {"readOnlyHint": False}),
    ]

    assert tool.digest == RemoteTool("note", "Notes.", {"type": "object"}, {"readOnlyHint": True}).digest
    assert all(check_pins({"note": tool.digest}, [other]).changed == ("note",) for other in others)
    assert check_pins({"note": tool.digest}, [tool, RemoteTool("new", "", {})]).added == ("new",)
    assert not check_pins({}, [tool]).pinned


@pytest.mark.parametrize(
    ("override", "pinned", "found", "hints", "source"),
    [
        ({"requires_approval": True}, None, None, {}, "AGENT_OVERRIDE"),
        ({"requires_approval": False}, {}, {}, {"destructiveHint": True}, None),
        (None, {}, {}, {}, "PINNED_OVERRIDE"),
        (None, None, {"from_destructive_hint": False}, {}, "CLASSIFIER_DEFAULT"),
        (None, None, {"from_destructive_hint": True}, {"readOnlyHint": True}, "ANNOTATION_DESTRUCTIVE_TIGHTEN"),
        (None, None, None, {"destructiveHint": True}, "ANNOTATION_DESTRUCTIVE_TIGHTEN"),
        (None, None, None, {"destructiveHint": True, "readOnlyHint": True}, None),
        (None, None, None, {}, None),
    ],
)
def test_the_strongest_word_decides_whether_a_tool_asks(
    override: Any, pinned: Any, found: Any, hints: dict[str, bool], source: str | None
) -> None:
    def policies(item: Any) -> list[Any]:
        return [] if item is None else [SimpleNamespace(tool_name="note", message="", **item)]

    use = ServerUse(
        ServerConfig("mcp-1", "notes", StdioTarget("x", (), "", {})),
        overrides=policies(override),
        pinned=policies(pinned),
        found=policies(found),
    )

    rule = rule_of(use, RemoteTool("note", "", {}, hints))

    name = None if rule is None else enum_pb2.ApprovalPolicySource.Name(rule.source)
    assert name == (None if source is None else f"APPROVAL_POLICY_SOURCE_{source}")
    assert rule is None or "note" in rule.message


@pytest.mark.parametrize(
    ("command", "args", "warns"),
    [
        ("npx", ["-y", "@scope/server"], True),
        ("npx", ["-y", "@scope/server@1.2.3"], False),
        ("/usr/bin/uvx", ["server"], True),
        ("uvx", ["server==1.0"], False),
        ("python3", ["server.py"], False),
    ],
)
def test_a_command_that_fetches_whatever_is_newest_is_warned_of(command: str, args: list[str], warns: bool) -> None:
    assert bool(unpinned_package(command, args)) == warns


def _zip(files: Mapping[str, bytes | zipfile.ZipInfo]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            if isinstance(content, zipfile.ZipInfo):
                archive.writestr(content, b"/etc/passwd")
            else:
                archive.writestr(name, content)
    return stream.getvalue()


def _link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"no zip", "is damaged"),
        (_zip({"other": b"x"}), "has no SKILL.md at its root"),
        (_zip({"SKILL.md": b"x", "../up": b"x"}), "leads out of it"),
        (_zip({"SKILL.md": b"x", "link": _link()}), "a link or a device"),
        (_zip({"SKILL.md": b"x", "bomb": bytes(10_000_000)}), "shrinks more than 100 times"),
    ],
)
def test_a_package_that_no_honest_skill_needs_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(ResolveError, match=text) as caught:
        read_package("units", data)

    assert caught.value.kind == "skill_invalid"


def test_front_matter_is_read_and_what_is_none_is_text() -> None:
    found = read_skill_text("---\nname: units\ndescription: Metric\nalways: true\n---\n\n# Units\n")

    assert (found.description, found.always, found.body) == ("Metric", True, "# Units")
    assert read_skill_text("# Units\n").body == "# Units"
    assert read_skill_text("---\n[broken\n---\nrest").body.endswith("rest")
