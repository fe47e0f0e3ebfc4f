"""Every example runs and gives what its folder says."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import histories
import pytest
from ruamel.yaml import YAML
from stack import ROOT

from stigmer_api.sandbox import NONE, choose
from stigmer_api.temporal import WORKFLOW_EXECUTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack import Stack

EXAMPLES = ROOT / "examples"
RECORDED = ROOT / "packages/stigmer-workflow-runner/tests/histories/examples"


def expected(name: str) -> Any:
    return json.loads((EXAMPLES / name / "expected.json").read_text())


def run_example(stack: Stack, name: str, manifest: str, target: str, *options: str) -> Any:
    stack.ctl("apply", "-f", str(EXAMPLES / name / manifest))
    given = EXAMPLES / name / "input.json"
    arguments = ["--input", f"@{given}"] if given.exists() and "--input" not in options else []
    return stack.ctl("run", target, *arguments, *options)


def test_data_flow_gives_the_discounted_total(stack: Stack) -> None:
    done = run_example(stack, "01-data-flow", "workflow.yaml", "workflow/order-total")
    assert json.loads(done.stdout) == expected("01-data-flow")
    for task in ("remember", "addUp", "decide", "discount", "invoice"):
        assert task in done.stderr


def test_data_flow_takes_the_other_branch_for_a_small_order(stack: Stack) -> None:
    order = {"order": {"customer": "Bob", "lines": [{"item": "pen", "price": 2, "quantity": 3}]}}
    done = run_example(stack, "01-data-flow", "workflow.yaml", "workflow/order-total", "--input", json.dumps(order))
    assert json.loads(done.stdout) == {"customer": "Bob", "total": 6, "discounted": False}


def test_http_retry_succeeds_on_the_third_attempt(stack: Stack) -> None:
    path = EXAMPLES / "02-http-retry" / "flaky_server.py"
    spec = importlib.util.spec_from_file_location("flaky_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.FlakyServer(0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            service = json.dumps({"service": f"http://127.0.0.1:{server.server_address[1]}"})
            done = run_example(stack, "02-http-retry", "workflow.yaml", "workflow/http-retry", "--input", service)
        finally:
            server.shutdown()
            thread.join(10)
        assert json.loads(done.stdout) == expected("02-http-retry")
        assert server.requests == 3


def test_the_note_taker_writes_and_reads_its_files(stack: Stack) -> None:
    done = run_example(stack, "03-agent-tools", "agent.yaml", "agent/note-taker", "-m", "Please remember the milk")
    assert "the first one is to buy milk" in done.stdout
    for tool in ("write_file", "ls", "read_file"):
        assert tool in done.stderr


def test_a_session_keeps_its_workspace_over_two_turns(stack: Stack) -> None:
    stack.ctl("apply", "-f", str(EXAMPLES / "03-agent-tools" / "agent.yaml"))
    first = stack.json("run", "agent/note-taker", "-m", "remember this")
    session = first["spec"]["sessionId"]
    second = stack.json("run", "agent/note-taker", "-m", "remember it again", "--session", session)
    assert second["spec"]["sessionId"] == session
    workspace = stack.home / "data" / "sessions" / session / "workspace"
    assert (workspace / "notes" / "today.txt").read_text() == "Buy milk\n"


def test_a_workflow_sorts_tickets_by_asking_an_agent(stack: Stack) -> None:
    done = run_example(stack, "04-workflow-agent", "resources.yaml", "workflow/triage-tickets")
    assert json.loads(done.stdout) == expected("04-workflow-agent")
    assert "urgent" in done.stderr


def test_the_long_run_collects_a_report_of_every_site(stack: Stack) -> None:
    done = run_example(stack, "05-long-run", "resources.yaml", "workflow/long-run")
    assert json.loads(done.stdout) == expected("05-long-run")


def test_a_schedule_of_an_agent_runs_when_it_is_triggered(stack: Stack) -> None:
    stack.ctl("apply", "-f", str(EXAMPLES / "06-schedule" / "resources.yaml"))
    assert "every-morning" in stack.ctl("get", "schedules").stdout
    done = stack.ctl("trigger", "every-morning")
    assert "Today's brief has one entry: water the plants." in done.stdout
    schedule = stack.json("get", "schedule", "every-morning")
    assert schedule["status"]["nextFireAt"]
    execution = stack.json("get", "agentexecution", schedule["status"]["lastExecutionId"])
    assert execution["status"]["phase"] == "EXECUTION_COMPLETED"


def test_released_orders_are_shipped_until_the_end_of_the_day(stack: Stack) -> None:
    folder = EXAMPLES / "07-events"
    stack.ctl("apply", "-f", str(folder / "release-order.yaml"), "-f", str(folder / "ship-orders.yaml"))
    shipping = started(stack, "workflow/ship-orders")
    until(stack, shipping, lambda run: run["status"].get("subscriptions"))
    order = started(stack, "workflow/release-order", "--input", f"@{folder / 'input.json'}")
    until(stack, order, lambda run: any("WAITING" in task["status"] for task in run["status"].get("tasks", [])))
    assert "maximum of 50" in stack.ctl("answer", order, "approve", "--form", '{"discount": 90}', check=2).stderr
    assert "is not offered" in stack.ctl("answer", order, "maybe", check=2).stderr
    stack.ctl("answer", order, "approve", "--form", '{"discount": 30}', "--comment", "a friend")
    assert json.loads(stack.ctl("watch", order).stdout) == {"customer": "Ada", "toPay": 210}
    small = stack.ctl("run", "workflow/release-order", "--input", '{"customer": "Bob", "quantity": 3, "price": 10}')
    assert json.loads(small.stdout) == {"customer": "Bob", "toPay": 30}
    for _ in range(2):
        stack.ctl("signal", shipping, "end-of-day", "--key", "today")
    assert json.loads(stack.ctl("watch", shipping).stdout) == expected("07-events")


def test_the_shopkeeper_uses_the_pinned_tools_and_no_others(stack: Stack) -> None:
    folder = EXAMPLES / "08-mcp"
    variable = f"INVENTORY_SERVER={folder / 'inventory_server.py'}"
    stack.ctl("apply", "-f", str(folder / "resources.yaml"))
    tools = stack.ctl("mcp", "connect", "inventory", "--env", variable).stdout
    assert [line.split()[:3] for line in tools.splitlines()[1:]] == [
        ["count", "pinned", "-"],
        ["discard", "pinned", "asks"],
        ["list_items", "pinned", "-"],
    ]
    done = stack.ctl("run", "agent/shopkeeper", "-m", "What do we have?", "--env", variable)
    assert "We sell lamp, chair, table. There are 0 chairs left" in done.stdout
    changed = stack.home / "inventory_server.py"
    changed.write_text((folder / "inventory_server.py").read_text().replace("How many of", "Say how many of"))
    variable = f"INVENTORY_SERVER={changed}"
    failed = stack.ctl("run", "agent/shopkeeper", "-m", "And now?", "--env", variable, check=1)
    assert "MCP server 'inventory' is quarantined: count changed" in failed.stderr
    assert "changed" in stack.ctl("mcp", "connect", "inventory", "--env", variable).stdout
    assert stack.ctl("run", "agent/shopkeeper", "-m", "And now?", "--env", variable).stdout == done.stdout


def test_two_sub_agents_work_for_the_editor_and_one_reads_its_skill(stack: Stack) -> None:
    folder = EXAMPLES / "09-skills-and-sub-agents"
    stack.ctl("skill", "push", str(folder / "units"))
    stack.ctl("apply", "-f", str(folder / "agent.yaml"))
    done = stack.json("run", "agent/editor", "-m", "An article about the tower")
    agents = {item["name"]: item for item in done["status"]["subAgentExecutions"]}
    assert {name: item["status"] for name, item in agents.items()} == {
        "researcher": "SUB_AGENT_COMPLETED",
        "writer": "SUB_AGENT_COMPLETED",
    }
    assert "0.3048" in agents["researcher"]["messages"][0]["toolCalls"][0]["result"]
    assert {todo["status"] for todo in done["status"]["todos"].values()} == {"TODO_COMPLETED"}
    assert "The tower is 324 m high" in done["status"]["messages"][-1]["content"]


@pytest.mark.skipif(choose("auto").kind == NONE, reason=choose("auto").reason)
def test_the_sandboxed_shell_counts_and_cannot_escape(stack: Stack) -> None:
    stack.ctl("apply", "-f", str(EXAMPLES / "10-sandboxed-shell" / "agent.yaml"))
    variables = ("--env", "REPORT_TITLE=Words:", "--env", "secret:REPORT_TOKEN=tok-4711-secret")
    assert stack.ctl("run", "agent/tidy-reporter", "-m", "one two three", *variables).stdout == "Words:\n3\n"
    escaped = stack.ctl("run", "agent/tidy-reporter", "-m", "escape", *variables)
    found = escaped.stdout.splitlines()
    assert found[:3] == ["no files of others", "no variables of the runner", "no network"]
    assert found[3].startswith("token: [secret:REPORT_TOKEN], encoded: [secret:REPORT_TOKEN]")
    assert "tok-4711" not in escaped.stdout + escaped.stderr


def test_what_is_missing_is_named_before_anything_starts(stack: Stack) -> None:
    stack.ctl("apply", "-f", str(EXAMPLES / "10-sandboxed-shell" / "agent.yaml"))
    refused = stack.ctl("run", "agent/tidy-reporter", "-m", "x", check=1).stderr
    assert "REPORT_TITLE" in refused
    assert "REPORT_TOKEN" in refused


def test_a_letter_waits_until_somebody_has_read_it(stack: Stack) -> None:
    stack.ctl("apply", "-f", str(EXAMPLES / "11-approvals" / "agent.yaml"))
    sent, kept = (started(stack, "agent/postmaster", "-m", "Write to Ada") for _ in range(2))
    for run in (sent, kept):
        until(stack, run, lambda found: found["status"].get("pendingApprovals"), "agentexecution")
    stack.ctl("approve", sent)
    stack.ctl("reject", kept, "--comment", "not today")
    assert "Done: Wrote 33 bytes to outbox/ada.txt." in stack.ctl("watch", sent).stdout
    assert "They said: not today" in stack.ctl("watch", kept).stdout


def test_a_plan_changes_nothing_and_is_carried_out_in_the_next_turn(stack: Stack) -> None:
    stack.ctl("apply", "-f", str(EXAMPLES / "12-plan-and-build" / "agent.yaml"))
    planned = stack.json("run", "agent/gardener", "-m", "plan the beds", "--plan")
    session = planned["spec"]["sessionId"]
    calls = planned["status"]["messages"][1]["toolCalls"]
    assert [call["status"] for call in calls] == ["TOOL_CALL_COMPLETED", "TOOL_CALL_SKIPPED"]
    built = stack.ctl("run", "agent/gardener", "-m", "go ahead", "--build", "--session", session)
    assert built.stdout.split() == ["Planted:", "roses", "herbs"]


def test_an_answer_fits_its_schema_and_a_limit_ends_a_run(stack: Stack) -> None:
    folder = EXAMPLES / "13-structured-and-limits"
    stack.ctl("apply", "-f", str(folder / "agent.yaml"))
    made = stack.ctl("apply", "-f", str(folder / "runs.yaml"), "-o", "name").stdout.split()
    measured, bounded = (name.rpartition("/")[2] for name in made)
    assert stack.json("watch", measured)["status"]["structuredOutput"] == {"width": 6, "length": 7}
    ended = stack.json("watch", bounded)
    assert ended["status"]["phase"] == "EXECUTION_COMPLETED"
    assert ended["status"]["messages"][-1]["content"].startswith("Stopped: the limit of 2 tool rounds")


def test_two_ends_of_a_story_fork_from_one_beginning(stack: Stack) -> None:
    stack.ctl("apply", "-f", str(EXAMPLES / "14-files-and-forks" / "agent.yaml"))
    notes = str(EXAMPLES / "14-files-and-forks" / "notes.txt")
    read = stack.ctl("run", "agent/novelist", "-m", "what do my notes say?", "--attach", notes)
    assert read.stdout == "You noted: A stranger knocks at midnight.\n"
    begun = stack.json("run", "agent/novelist", "-m", "begin")
    assert [item["sandboxPath"] for item in begun["status"]["artifacts"]] == ["/story.txt"]
    session = begun["spec"]["sessionId"]
    for end in ("happy end", "sad end"):
        told = stack.ctl("run", "agent/novelist", "-m", end, "--fork", session).stdout
        assert told == f"It was raining. Then came the {end}.\n"
    assert stack.ctl("run", "agent/novelist", "-m", "and?", "--session", session).stdout == "It was raining. END\n"


def started(stack: Stack, target: str, *options: str) -> str:
    """The id of an execution that nobody follows."""
    return stack.ctl("run", target, "--no-follow", *options).stdout.strip().rpartition("/")[2]


def until(stack: Stack, execution: str, condition: Callable[[Any], object], kind: str = "workflowexecution") -> None:
    """Wait until an execution is as wanted: it is looked at again and again, which takes its time by itself."""
    for _ in range(60):
        if condition(stack.json("get", kind, execution)):
            return
    raise AssertionError(stack.json("get", kind, execution))


@pytest.mark.parametrize("folder", sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def test_every_file_that_a_readme_names_exists(folder: str) -> None:
    text = (EXAMPLES / folder / "README.md").read_text()
    named = re.findall(r"(?:-f |@|python )(examples/\S+)", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def workflows_of_examples() -> set[str]:
    """Names of all documents of all examples."""
    manifests = [YAML(typ="safe").load_all(path.read_text()) for path in EXAMPLES.rglob("*.yaml")]
    return {found["document"]["name"] for manifest in manifests for found in manifest if "document" in found}


def by_workflow(stack: Stack, runs: list[histories.Ended]) -> dict[str, histories.Ended]:
    """One run of each workflow, by its name."""
    names = {item["metadata"]["id"]: item["metadata"]["name"] for item in stack.json("get", "workflowexecution")}
    return {
        re.sub(r"-[0-9a-f]{8}(-[-0-9a-f]+)?$", "", names[run.execution]): run
        for run in runs
        if run.type == WORKFLOW_EXECUTION and run.execution in names
    }


def test_the_histories_of_all_these_runs_replay(stack: Stack) -> None:
    """With STIGMER_RECORD_HISTORIES set, those of workflows that have no recorded one are recorded."""
    stack.ctl("apply", "-f", str(EXAMPLES / "quickstart"))
    stack.ctl("run", "workflow/hello")
    found: dict[str, histories.Ended] = {}
    for _ in range(60):  # Temporal lists what has ended a moment later; each look takes its time by itself
        runs = asyncio.run(histories.ended(stack))
        found = by_workflow(stack, runs)
        if found.keys() >= workflows_of_examples():
            break
    assert found.keys() >= workflows_of_examples()
    assert asyncio.run(histories.replay_failures(runs)) == {}
    if os.environ.get("STIGMER_RECORD_HISTORIES"):
        for name in workflows_of_examples():
            if not (path := RECORDED / f"{name}.json").exists():
                histories.record(found[name], path)


def test_every_workflow_of_an_example_has_a_recorded_history() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} >= workflows_of_examples()


def test_every_numbered_example_has_a_test_here() -> None:
    source = Path(__file__).read_text()
    assert [path.name for path in EXAMPLES.glob("[0-9]*") if f'"{path.name}"' not in source] == []
