"""What stands around tools: secrets leave no result, and text from outside makes sensitive calls ask, for good."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from stigmer_agent_runner.engine.protocol import Segment
from stigmer_agent_runner.environment import Environment, Value
from stigmer_agent_runner.errors import ResolveError, ToolError
from stigmer_agent_runner.redaction import NOTHING, Redactor
from stigmer_agent_runner.sandbox.job import ShellAccess
from stigmer_agent_runner.settings import load_settings
from stigmer_agent_runner.tools.files import FileTools
from stigmer_agent_runner.tools.guard import Outside, guarded
from stigmer_agent_runner.tools.shell import ShellSource
from stigmer_agent_runner.tools.tool import AfterCrash, ApprovalRule, Invocation, Tool, Traits
from stigmer_api._pb.ai.stigmer.agentic.environment.v1.io_pb2 import EnvVarDeclaration
from stigmer_api.sandbox import NONE, UNSAFE, choose

CALL = Invocation("aex-1", "c1", {})


def tool(traits: Traits, name: str = "t", answer: str = "says tok-123456", *, fails: bool = False) -> Tool:
    """A tool that says something."""

    async def run(_: Invocation) -> str:
        if fails:
            raise ToolError(answer)
        return answer

    return Tool(name, "", {}, run, traits)


def guard(one: Tool, outside: Outside, policy: str = "ask") -> Tool:
    """The same tool, guarded."""
    (found,) = guarded([one], outside, Redactor({"TOKEN": "tok-123456"}), policy)
    return found


async def test_results_and_errors_are_redacted(tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    assert await guard(tool(Traits()), outside).run(CALL) == "says [secret:TOKEN]"
    with pytest.raises(ToolError, match=r"^says \[secret:TOKEN\]$") as raised:
        await guard(tool(Traits(), fails=True), outside).run(CALL)
    assert raised.value.__cause__ is None
    assert outside.source == ""


@pytest.mark.parametrize("traits", [Traits(mcp_server="web"), Traits(untrusted=True)])
@pytest.mark.parametrize("fails", [False, True])
async def test_text_from_outside_makes_sensitive_calls_ask_also_after_a_restart(
    tmp_path: Path, traits: Traits, fails: bool
) -> None:
    sensitive = guard(tool(Traits(sensitive=True)), Outside(tmp_path))
    assert sensitive.traits.approval is not None
    assert sensitive.traits.approval({}) is None
    with pytest.raises(ToolError) if fails else _nothing():
        await guard(tool(traits, "fetch", fails=fails), Outside(tmp_path)).run(CALL)
    rule = guard(tool(Traits(sensitive=True)), Outside(tmp_path)).traits.approval
    assert rule is not None
    found = rule({})
    assert found is not None
    assert "read text from outside (fetch)" in found.message
    assert sensitive.traits.approval({}) is not None


async def test_the_rule_of_the_tool_itself_goes_first(tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    await outside.note("fetch")
    own = ApprovalRule("of the tool")
    guarded_tool = guard(tool(Traits(approval=lambda _: own, sensitive=True)), outside)
    assert guarded_tool.traits.approval is not None
    assert guarded_tool.traits.approval({}) is own


@pytest.mark.parametrize(
    ("policy", "asks"), [("allow", (False, False)), ("ask", (True, False)), ("ask-all", (True, True))]
)
async def test_policies_decide_what_is_sensitive(tmp_path: Path, policy: str, asks: tuple[bool, bool]) -> None:
    outside = Outside(tmp_path)
    await outside.note("fetch")
    tools = (Traits(sensitive=True), Traits(mcp_server="web", after_crash=AfterCrash.ASK))
    rules = [guard(tool(traits), outside, policy).traits.approval for traits in tools]
    assert tuple(rule is not None and rule({}) is not None for rule in rules) == asks
    reading = Traits(mcp_server="web", after_crash=AfterCrash.RERUN)
    assert guard(tool(reading), outside, "ask-all").traits.approval is None


def test_files_are_read_without_secrets_and_edited_with_them(tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("key=tok-123456\nother\n")
    (tmp_path / "f.txt").chmod(0o755)
    files = FileTools(tmp_path, redactor=Redactor({"TOKEN": "tok-123456"}))
    assert files.read_file("/f.txt") == "key=[secret:TOKEN]\nother\n"
    assert [match.text for match in files.grep("key=").found] == ["key=[secret:TOKEN]"]
    assert files.grep("tok-1").found == ()
    files.edit_file("/f.txt", "other", "changed")
    assert (tmp_path / "f.txt").read_text() == "key=tok-123456\nchanged\n"
    assert (tmp_path / "f.txt").stat().st_mode & 0o777 == 0o700, "a script stays executable, for its owner only"


def test_missing_variables_are_named_together_and_values_never_show() -> None:
    declared = {
        "A_KEY": EnvVarDeclaration(is_secret=True, description="for the service"),
        "B": EnvVarDeclaration(),
        "C": EnvVarDeclaration(optional=True),
        "D": EnvVarDeclaration(),
    }
    environment = Environment({"D": Value("is there"), "UNDECLARED": Value("hidden", is_secret=True)})
    with pytest.raises(ResolveError, match=r"agent x needs .*: A_KEY \(for the service\), B\. Give them") as raised:
        environment.require("agent x", declared)
    assert raised.value.kind == "variable_missing"
    assert environment.of(declared) == {"D": "is there"}
    assert "hidden" not in repr(environment)
    assert environment.secrets == {"UNDECLARED": "hidden"}


async def opened(segment: Any, **settings: Any) -> Tool:
    """The shell of a segment."""
    async with ShellSource(load_settings(**settings)).open(segment, lambda _: None) as tools:
        (found,) = tools
        return found


def segment_in(folder: Path, **access: Any) -> Any:
    """What the shell needs of a segment."""
    from stigmer_agent_runner.engine.providers import PROVIDERS, ModelChoice
    from stigmer_agent_runner.sessions import SessionPaths

    paths = SessionPaths(folder)
    paths.prepare()
    segment = Segment("aex-1", "ses-1", "a", "", "", ModelChoice(PROVIDERS["scripted"], ""), paths, redactor=NOTHING)
    return dataclasses.replace(segment, shell=ShellAccess(**access))


@pytest.mark.skipif(choose("auto").kind == NONE, reason=choose("auto").reason)
async def test_the_shell_answers_with_output_exit_code_and_the_limit_that_ended_it(tmp_path: Path) -> None:
    segment = segment_in(tmp_path / "s", variables={"GIVEN": "a value"})
    (tmp_path / "s" / "command-of-a-killed-runner").mkdir()
    shell = await opened(segment)
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["workspace"]
    assert not shell.traits.sensitive

    async def run(**args: Any) -> str:
        return await shell.run(Invocation("aex-1", "c1", args))

    assert await run(command="echo $GIVEN") == "a value"
    assert await run(command="true") == "[no output]"
    assert await run(command="echo no; exit 7") == "no\n[exit code 7]"
    assert await run(command="sleep 9", timeout=1) == "[the command was ended: it ran longer than 1 s]"


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({}, "needs the argument 'command'"),
        ({"command": " "}, "needs the argument 'command'"),
        ({"command": "ls", "timeout": 0}, "'timeout' must be seconds"),
        ({"command": "ls", "timeout": 10**6}, "at most 600"),
        ({"command": "ls", "cwd": "/"}, "takes no argument 'cwd'"),
        ({"command": "ls\0"}, "NUL"),
    ],
)
async def test_bad_arguments_of_the_shell_are_told(tmp_path: Path, args: dict[str, Any], problem: str) -> None:
    shell = await opened(segment_in(tmp_path / "s"), sandbox=UNSAFE)
    with pytest.raises(ToolError, match=problem):
        await shell.run(Invocation("aex-1", "c1", args))


async def test_agents_without_shell_get_none_and_reaching_out_is_sensitive(tmp_path: Path) -> None:
    for segment, settings in (
        (segment_in(tmp_path / "a", enabled=False), load_settings()),
        (segment_in(tmp_path / "b"), load_settings(sandbox=NONE)),
    ):
        async with ShellSource(settings).open(segment, lambda _: None) as tools:
            assert list(tools) == []
    assert (await opened(segment_in(tmp_path / "c"), sandbox=UNSAFE)).traits.sensitive
    assert (await opened(segment_in(tmp_path / "d", network=True), sandbox=UNSAFE)).traits.untrusted


def _nothing() -> Any:
    import contextlib

    return contextlib.nullcontext()
