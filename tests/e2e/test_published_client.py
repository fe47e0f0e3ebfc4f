"""The published client, in an environment of its own and unchanged, against our server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack import Stack

_CLIENT = "stigmer==3.41.0"
_SECONDS = 240


class Endpoint(NamedTuple):
    """Where a server is, and the token that opens it."""

    address: str
    token: str


@pytest.fixture(scope="module")
def client_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the published client and nothing of ours.

    It cannot live in our own environment: the client needs protobuf below 7.
    """
    uv = shutil.which("uv")
    assert uv, "the published client's environment is made with uv: pip install uv"
    home = tmp_path_factory.mktemp("published-client")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True, timeout=_SECONDS)
    python = home / "bin" / "python"
    install = [uv, "pip", "install", "--quiet", "--python", str(python), _CLIENT]
    subprocess.run(install, check=True, timeout=_SECONDS, cwd=home)  # elsewhere our own pins would apply
    return python


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A server process of its own; resources need neither Temporal nor runners."""
    home = tmp_path_factory.mktemp("server-home")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("STIGMER_", "TEMPORAL_"))}
    settings = {"STIGMER_HOME": str(home), "STIGMER_PORT": "0", "TEMPORAL_SERVICE_ADDRESS": "127.0.0.1:1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "stigmer_server"], env={**clean, **settings}, stderr=subprocess.PIPE, text=True
    )
    log = process.stderr
    assert log is not None
    drain = threading.Thread(target=log.read)  # a full pipe would stop the server
    try:
        address = next(line["address"] for line in map(json.loads, log) if line["event"] == "serving")
        drain.start()
        yield Endpoint(address, (home / "token").read_text().strip())
    finally:
        process.terminate()
        process.wait(30)
        if drain.ident is not None:
            drain.join(30)
        log.close()


def run_client(python: Path, endpoint: Endpoint, script: str) -> dict[str, object]:
    """Run a script with `client` and everything of the package in scope; returns the mapping it prints as JSON."""
    head = (
        "import json, sys\n"
        "from stigmer import *\n"
        "from stigmer import StigmerClient\n"
        "client = StigmerClient(sys.argv[2], base_url=sys.argv[1], insecure=True)\n"
    )
    done = subprocess.run(
        [str(python), "-c", head + script, endpoint.address, endpoint.token],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def run_ctl(endpoint: Endpoint, home: Path, *words: str) -> str:
    """Run our command line against a server; returns what it prints."""
    settings = {"STIGMER_HOME": str(home), "STIGMER_SERVER_ADDRESS": endpoint.address, "STIGMER_TOKEN": endpoint.token}
    command = [sys.executable, "-m", "stigmer_cli", *words]
    done = subprocess.run(
        command, env={**os.environ, **settings}, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_agents_are_created_applied_read_listed_and_deleted(client_python: Path, endpoint: Endpoint) -> None:
    script = """
text = "You greet people politely."
made = client.agents.create(AgentInput(name="Greeter", org="local", instructions=text))
again = client.agents.apply(AgentInput(name="Greeter", org="local", instructions=text))
changed = client.agents.apply(AgentInput(name="Greeter", org="local", instructions=text, description="Says hello"))
read = client.agents.get(made.metadata.id)
named = client.agents.get_by_reference(ResourceRef(org="local", slug="greeter"))
listed = client.agents.list(ListParams(org="local", page=Page(num=1, size=10)))
found = client.agents.list(ListParams(org="local", query="hello"))
instance = client.agent_instances.get(made.status.default_instance_id)
try:
    client.agents.create(AgentInput(name="Greeter", org="local", instructions=text))
except StigmerError as error:
    twice = error.code.value
try:
    client.agents.create(AgentInput(name="Other", org="local", instructions="short"))
except StigmerError as error:
    short = error.code.value
deleted = client.agents.delete(made.metadata.id)
try:
    client.agents.get(made.metadata.id)
except StigmerError as error:
    gone = is_not_found(error)
print(json.dumps({
    "same": again == made, "ids": len({made.metadata.id, changed.metadata.id, read.metadata.id, named.metadata.id}),
    "description": named.spec.description, "listed": [entry.slug for entry in listed.entries],
    "total": listed.total_count, "found": [entry.id == made.metadata.id for entry in found.entries],
    "instance": instance.spec.agent_id == made.metadata.id, "twice": twice, "short": short,
    "deleted": deleted.metadata.id == made.metadata.id, "gone": gone,
}))
"""
    assert run_client(client_python, endpoint, script) == {
        "same": True,
        "ids": 1,
        "description": "Says hello",
        "listed": ["greeter"],
        "total": 1,
        "found": [True],
        "instance": True,
        "twice": "already-exists",
        "short": "invalid-argument",
        "deleted": True,
        "gone": True,
    }


def test_workflows_are_created_validated_read_listed_and_deleted(client_python: Path, endpoint: Endpoint) -> None:
    script = """
def flow(**more):
    document = WorkflowDocumentInput(dsl="1.0.0", namespace="examples", name="hello", version="0.1.0")
    task = WorkflowTaskInput(name="greet", kind=1, task_config={"variables": {"message": "hello"}})
    return WorkflowInput(name="hello", org="local", document=document, tasks=[task], **more)
judged = client.workflows.validate_spec(flow())
made = client.workflows.create(flow())
again = client.workflows.apply(flow())
changed = client.workflows.apply(flow(description="Says hello"))
named = client.workflows.get_by_reference(ResourceRef(org="local", slug="hello"))
listed = client.workflows.list(ListParams(org="local"))
instance = client.workflow_instances.get(made.status.default_instance_id)
client.workflows.delete(made.metadata.id)
print(json.dumps({
    "valid": judged.state, "same": again == made, "kept": changed.metadata.id == made.metadata.id,
    "task": named.spec.tasks[0].name, "listed": [entry.slug for entry in listed.entries],
    "instance": instance.metadata.name, "left": client.workflows.list(ListParams(org="local")).total_count,
}))
"""
    assert run_client(client_python, endpoint, script) == {
        "valid": 2,
        "same": True,
        "kept": True,
        "task": "greet",
        "listed": ["hello"],
        "instance": "hello-default",
        "left": 0,
    }


def test_environments_give_their_secrets_when_asked_and_not_before(client_python: Path, endpoint: Endpoint) -> None:
    script = """
from ai.stigmer.agentic.environment.v1 import io_pb2
data = {"TOKEN": EnvVarInput(value="s3cret", is_secret=True), "COLOR": EnvVarInput(value="red")}
made = client.environments.create(EnvironmentInput(name="prod", org="local", data=data))
key = io_pb2.EnvironmentSecretValueInput(environment_id=made.metadata.id, key="TOKEN")
read = client.environments.get(made.metadata.id)
listed = client.environments.list(io_pb2.ListEnvironmentsRequest(org="local"))
secret = client.environments.get_secret_value(key).value
again = client.environments.apply(EnvironmentInput(name="prod", org="local", data=data))
client.environments.delete(DeleteResourceInput(resource_id=made.metadata.id))
print(json.dumps({
    "token": read.spec.data["TOKEN"].value, "color": read.spec.data["COLOR"].value, "secret": secret,
    "listed": listed.total_count, "revision": again.metadata.id == made.metadata.id,
}))
"""
    assert run_client(client_python, endpoint, script) == {
        "token": "",
        "color": "red",
        "secret": "s3cret",
        "listed": 1,
        "revision": True,
    }


def test_sessions_are_created_read_listed_and_deleted(client_python: Path, endpoint: Endpoint) -> None:
    script = """
from ai.stigmer.agentic.session.v1 import io_pb2
agent = client.agents.create(AgentInput(name="talker", org="local", instructions="You talk to people."))
instance = agent.status.default_instance_id
made = client.sessions.create(SessionInput(name="chat", org="local", agent_instance_id=instance, subject="Tea"))
client.sessions.update_subject(io_pb2.UpdateSessionSubjectRequest(id=made.metadata.id, subject="Coffee"))
read = client.sessions.get(made.metadata.id)
listed = client.sessions.list(io_pb2.ListSessionsRequest(org="local", page_size=5))
request = io_pb2.ListSessionsByAgentInstanceRequest(agent_instance_id=instance)
of_instance = client.sessions.list_by_agent_instance(request)
try:
    client.sessions.create(SessionInput(name="lost", org="local", agent_instance_id="ain-nowhere"))
except StigmerError as error:
    lost = error.code.value
client.sessions.delete(made.metadata.id)
client.agents.delete(agent.metadata.id)
print(json.dumps({
    "subject": read.spec.subject, "listed": [item.metadata.slug for item in listed.entries],
    "pages": listed.total_pages, "of_instance": len(of_instance.entries), "lost": lost,
}))
"""
    assert run_client(client_python, endpoint, script) == {
        "subject": "Coffee",
        "listed": ["chat"],
        "pages": 1,
        "of_instance": 1,
        "lost": "not-found",
    }


def test_what_is_left_out_or_wrong_reaches_the_client_as_its_own_error(client_python: Path, endpoint: Endpoint) -> None:
    script = """
answers = {}
for name, act in {
    "teams": lambda: client.teams.get("team-1"),
    "organizations": lambda: client.organizations.get("org-1"),
}.items():
    try:
        act()
    except StigmerError as error:
        answers[name] = error.grpc_code.name
with StigmerClient("wrong", base_url=sys.argv[1], insecure=True) as stranger:
    try:
        stranger.agents.get("agt-1")
    except StigmerError as error:
        answers["stranger"] = is_unauthenticated(error)
print(json.dumps(answers))
"""
    assert run_client(client_python, endpoint, script) == {
        "teams": "UNIMPLEMENTED",
        "organizations": "UNIMPLEMENTED",
        "stranger": True,
    }


def test_versions_skills_and_files_go_both_ways(client_python: Path, endpoint: Endpoint, tmp_path: Path) -> None:
    skill = tmp_path / "cooking"
    skill.mkdir()
    (skill / "SKILL.md").write_text("---\nname: cooking\n---\nBoil it.\n")
    pushed = json.loads(run_ctl(endpoint, tmp_path, "skill", "push", str(skill), "--tag", "v1", "-o", "json"))
    script = """
import io, zipfile
from ai.stigmer.agentic.workflow.v1 import version_pb2
from ai.stigmer.agentic.skill.v1 import io_pb2 as skill_pb2
from ai.stigmer.agentic.agentexecution.v1 import io_pb2 as turn_pb2
from ai.stigmer.agentic.artifact.v1 import io_pb2 as artifact_pb2, spec_pb2 as artifact_spec_pb2
def flow(message):
    document = WorkflowDocumentInput(dsl="1.0.0", namespace="examples", name="versions", version="0.1.0")
    task = WorkflowTaskInput(name="greet", kind=1, task_config={"variables": {"message": message}})
    return WorkflowInput(name="versions", org="local", document=document, tasks=[task])
one, two = client.workflows.apply(flow("one")), client.workflows.apply(flow("two"))
first = dict(workflow_id=one.metadata.id, version_hash=one.status.version_hash)
client.workflows.tag_version(version_pb2.TagWorkflowVersionInput(tag="stable", **first))
listed = client.workflows.list_versions(version_pb2.ListWorkflowVersionsInput(org="local", slug="versions"))
entry = client.workflows.get_version(version_pb2.GetWorkflowVersionInput(**first))
words = {
    version: client.workflows.get_by_reference(
        ResourceRef(org="local", slug="versions", version=version)
    ).spec.tasks[0].task_config["variables"]["message"]
    for version in ("", "latest", "stable", two.status.version_hash)
}
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w") as archive:
    archive.writestr("SKILL.md", "---\\nname: cooking\\n---\\nFry it.\\n")
skill = client.skills.push(skill_pb2.PushSkillRequest(org="local", artifact=buffer.getvalue(), message="fry"))
old = client.skills.get_by_reference(ResourceRef(org="local", slug="cooking", version="v1"))
zipped = client.skills.get_artifact(skill_pb2.GetArtifactRequest(artifact_storage_key=old.status.artifact_storage_key))
skills = client.skills.list_versions(skill_pb2.ListSkillVersionsInput(org="local", slug="cooking"))
try:
    client.skills.get_artifact(skill_pb2.GetArtifactRequest(artifact_storage_key="../token"))
except StigmerError as error:
    refused = error.grpc_code.name
agent = client.agents.create(AgentInput(name="reader", org="local", instructions="You read what is attached."))
upload = client.agent_executions.upload_attachment(turn_pb2.UploadAttachmentRequest(filename="a.txt", content=b"hi"))
attached = [AttachmentInput(filename="a.txt", storage_key=upload.storage_key)]
turn = client.agent_executions.create(
    AgentExecutionInput(name="turn", org="local", agent_id=agent.metadata.id, message="read", attachments=attached)
)
read = client.agent_executions.get_artifact_content(
    turn_pb2.GetArtifactContentRequest(execution_id=turn.metadata.id, storage_key=upload.storage_key)
)
source = artifact_spec_pb2.ArtifactSource(agent_execution_id=turn.metadata.id)
spec = artifact_spec_pb2.ArtifactSpec(content_type="text/plain", display_name="out.txt", source=source)
made = client.artifacts.create(artifact_pb2.CreateArtifactInput(spec=spec, content=b"result"))
ask = artifact_pb2.GetArtifactContentRequest(artifact_id=made.metadata.id, max_bytes=3)
content = client.artifacts.get_content(ask)
of_turn = artifact_pb2.ListArtifactsByExecutionRequest(agent_execution_id=turn.metadata.id)
left = len(client.artifacts.list_by_execution(of_turn).entries)
client.artifacts.delete(made.metadata.id)
client.workflows.delete(one.metadata.id)
client.skills.delete(skill.metadata.id)
print(json.dumps({
    "versions": [[item.tag, item.is_current] for item in listed.versions], "entry": entry.tag,
    "words": list(words.values()),
    "skills": [[item.tag, item.message, item.is_current] for item in skills.versions], "old": old.status.version_hash,
    "inside": zipfile.ZipFile(io.BytesIO(zipped.artifact)).namelist(), "refused": refused,
    "read": read.content.decode(), "content": [content.content.decode(), content.truncated], "left": left,
}))
"""
    assert run_client(client_python, endpoint, script) == {
        "versions": [["", True], ["stable", False]],
        "entry": "stable",
        "words": ["two", "two", "one", "two"],
        "skills": [["", "fry", True], ["v1", "", False]],
        "old": pushed["version"],
        "inside": ["SKILL.md"],
        "refused": "INVALID_ARGUMENT",
        "read": "hi",
        "content": ["res", True],
        "left": 1,
    }


def test_executions_of_both_kinds_are_followed_to_completed(client_python: Path, stack: Stack) -> None:
    script = """
from ai.stigmer.agentic.workflowexecution.v1 import io_pb2
agent = client.agents.create(AgentInput(name="echoing", org="local", instructions="You repeat what you hear."))
document = WorkflowDocumentInput(dsl="1.0.0", namespace="examples", name="published", version="0.1.0")
tasks = [
    WorkflowTaskInput(name="greet", kind=1, task_config={"variables": {"message": "hello"}}),
    WorkflowTaskInput(name="rest", kind=10, task_config={"duration": {"milliseconds": 200}}),
]
flow = client.workflows.create(WorkflowInput(name="published", org="local", document=document, tasks=tasks))

config = ExecutionConfigInput(model_name="scripted")
turn = AgentExecutionInput(name="turn", org="local", agent_id=agent.metadata.id, message="hi", execution_config=config)
turn = client.agent_executions.create(turn)
turns = list(client.agent_executions.subscribe(turn.metadata.id))
run = WorkflowExecutionInput(name="run", org="local", workflow_id=flow.metadata.id)
run = client.workflow_executions.create(run)
request = io_pb2.SubscribeWorkflowExecutionRequest(execution_id=run.metadata.id)
runs = list(client.workflow_executions.subscribe(request))

turn_end, run_end = turns[-1], runs[-1]
late = len(list(client.agent_executions.subscribe(turn.metadata.id)))
client.sessions.delete(turn_end.spec.session_id)
client.agents.delete(agent.metadata.id)
client.workflows.delete(flow.metadata.id)
print(json.dumps({
    "phases": [turn.status.phase, turn_end.status.phase, run.status.phase, run_end.status.phase],
    "session": bool(turn_end.spec.session_id), "heard": "hi" in turn_end.status.messages[-1].content,
    "tasks": [task.task_name for task in run_end.status.tasks],
    "output": dict(run_end.status.output),
    "late": late,
}))
"""
    assert run_client(client_python, Endpoint(stack.address, stack.token), script) == {
        "phases": [1, 3, 1, 3],
        "session": True,
        "heard": True,
        "tasks": ["greet", "rest"],
        "output": {"message": "hello"},
        "late": 1,
    }


def test_executions_are_controlled_paged_searched_and_their_events_read(client_python: Path, stack: Stack) -> None:
    script = """
import time
from ai.stigmer.agentic.workflowexecution.v1 import io_pb2
from ai.stigmer.agentic.agentexecution.v1 import io_pb2 as agent_io

def refusal(act):
    try:
        act()
    except StigmerError as error:
        return error.grpc_code.name

def until(run_id, phase):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = client.workflow_executions.get(run_id)
        if found.status.phase == phase:
            return found
        time.sleep(0.05)
    raise AssertionError(f"phase {found.status.phase}: {found.status.error}")

document = WorkflowDocumentInput(dsl="1.0.0", namespace="examples", name="controlled", version="0.1.0")
tasks = [
    WorkflowTaskInput(name="rest", kind=10, task_config={"duration": {"seconds": 1}}),
    WorkflowTaskInput(name="greet", kind=1, task_config={"variables": {"message": "hello"}}),
]
flow = client.workflows.create(WorkflowInput(name="controlled", org="local", document=document, tasks=tasks))
runs = client.workflow_executions

def start():
    return runs.create(WorkflowExecutionInput(name="run", org="local", workflow_id=flow.metadata.id)).metadata.id

held, stopped, ended = start(), start(), start()
runs.pause(io_pb2.PauseWorkflowExecutionInput(id=held, reason="lunch"))
runs.cancel(io_pb2.CancelWorkflowExecutionInput(id=stopped))
runs.terminate(io_pb2.TerminateWorkflowExecutionInput(id=ended))
paused = until(held, 7).status.phase
running = refusal(lambda: client.workflows.delete(flow.metadata.id))
signal = io_pb2.SendSignalInput(execution_id=held, signal_name="go", idempotency_key="once")
approval = io_pb2.SubmitWorkflowApprovalInput(execution_id=held, tool_call_id="t1", action=1)
answers = [refusal(lambda: runs.send_signal(signal)), refusal(lambda: runs.submit_approval(approval))]
waiting = runs.list_pending_approvals(io_pb2.ListPendingApprovalsRequest(org="local")).entries
waiting = [entry.execution_id for entry in waiting if entry.execution_id in {held, stopped, ended}]
runs.resume(io_pb2.ResumeWorkflowExecutionInput(id=held))
done, cancelled = until(held, 3), until(stopped, 5)
again = runs.cancel(io_pb2.CancelWorkflowExecutionInput(id=stopped)).status.phase
late = refusal(lambda: runs.pause(io_pb2.PauseWorkflowExecutionInput(id=held)))
runs.recover(io_pb2.RecoverWorkflowExecutionInput(id=ended))
recovered = until(ended, 3)

log = runs.get_event_log(io_pb2.GetEventLogRequest(execution_id=held, page_size=2))
rest = runs.get_event_log(io_pb2.GetEventLogRequest(execution_id=held, after_sequence=log.events[-1].sequence_number))
events = [event.WhichOneof("payload") for event in (*log.events, *rest.events)]

ids, token = [], ""
while True:
    request = io_pb2.ListWorkflowExecutionsByWorkflowRequest(
        workflow_id=flow.metadata.id, page_size=2, page_token=token
    )
    page = runs.list_by_workflow(request)
    ids += [item.metadata.id for item in page.entries]
    token = page.next_page_token
    if not token:
        break
found = client.workflows.list(ListParams(org="local", query="control"))
gone = agent_io.SubmitApprovalInput(agent_execution_id="aex-gone", tool_call_id="t1", action=1)
gone = refusal(lambda: client.agent_executions.submit_approval(gone))
client.workflows.delete(flow.metadata.id)
print(json.dumps({
    "paused": paused, "running": running, "answers": answers, "waiting": waiting,
    "done": dict(done.status.output), "again": again, "late": late, "recovered": dict(recovered.status.output),
    "more": log.has_more, "pausing": [name for name in events if name in {"execution_paused", "execution_resumed"}],
    "first": events[0], "last": events[-1], "once": len(events) == rest.latest_sequence,
    "paged": ids == [ended, stopped, held], "found": [entry.slug for entry in found.entries], "gone": gone,
}))
"""
    assert run_client(client_python, Endpoint(stack.address, stack.token), script) == {
        "paused": 7,
        "running": "FAILED_PRECONDITION",
        "answers": [None, "FAILED_PRECONDITION"],
        "waiting": [],
        "done": {"message": "hello"},
        "again": 5,
        "late": "FAILED_PRECONDITION",
        "recovered": {"message": "hello"},
        "more": True,
        "pausing": ["execution_paused", "execution_resumed"],
        "first": "execution_started",
        "last": "execution_completed",
        "once": True,
        "paged": True,
        "found": ["controlled"],
        "gone": "NOT_FOUND",
    }


_ASKING = """
apiVersion: agentic.stigmer.ai/v1
kind: Agent
metadata: {name: asking}
spec:
  instructions: You write files when you are allowed to.
  model: scripted
  script: |
    version: 1
    cases:
      - turns:
          - say: Two files.
            call:
              - {tool: write_file, args: {path: a.txt, content: a}, approval: it writes a.txt}
              - {tool: write_file, args: {path: b.txt, content: b}, approval: it writes b.txt}
          - say: Done with it.
---
document: {dsl: '1.0.0', namespace: examples, name: asks, version: '0.1.0'}
do:
  - ask:
      call: agent
      with: {agent: asking, message: write}
"""


def test_an_agent_run_is_followed_and_its_approvals_are_answered(
    client_python: Path, stack: Stack, tmp_path: Path
) -> None:
    manifest = tmp_path / "asking.yaml"
    manifest.write_text(_ASKING)
    run_ctl(Endpoint(stack.address, stack.token), tmp_path, "apply", "-f", str(manifest))
    script = """
from ai.stigmer.agentic.agentexecution.v1 import io_pb2 as agent_io
from ai.stigmer.agentic.workflowexecution.v1 import io_pb2
runs, flows = client.agent_executions, client.workflow_executions
agent = client.agents.get_by_reference(ResourceRef(org="local", slug="asking"))
flow = client.workflows.get_by_reference(ResourceRef(org="local", slug="asks"))
turn = runs.create(AgentExecutionInput(name="asks", org="local", agent_id=agent.metadata.id, message="write"))
def refusal(act):
    try:
        act()
    except StigmerError as error:
        return error.grpc_code.name
def say(call, action):
    return runs.submit_approval(
        agent_io.SubmitApprovalInput(agent_execution_id=turn.metadata.id, tool_call_id=call, action=action)
    )
seen, phases, answers = [], [], []
for state in runs.subscribe(turn.metadata.id):
    if not phases or phases[-1] != state.status.phase:
        phases.append(state.status.phase)
    if state.status.phase == 6 and not seen:
        waits = state.status.pending_approvals
        seen = [(item.tool_name, item.message, json.loads(item.args_preview)["path"]) for item in waits]
        first, second = (item.tool_call_id for item in waits)
        left = [item.tool_call_id for item in say(first, 1).status.pending_approvals] == [second]
        answers = [refusal(lambda: say(first, 1)), refusal(lambda: say(first, 3)), refusal(lambda: say("t9", 1))]
        say(second, 3)
calls = [(call.status, call.approval_action) for call in state.status.messages[1].tool_calls]
kinds = [event.event_type for event in state.status.approval_event_stream.events]

held = flows.create(WorkflowExecutionInput(name="asks", org="local", workflow_id=flow.metadata.id))
answered = set()
for above in flows.subscribe(io_pb2.SubscribeWorkflowExecutionRequest(execution_id=held.metadata.id)):
    for item in above.status.pending_approvals:
        call = item.approval.tool_call_id
        if call not in answered:
            answered.add(call)
            flows.submit_approval(
                io_pb2.SubmitWorkflowApprovalInput(execution_id=held.metadata.id, tool_call_id=call, action=1)
            )
print(json.dumps({
    "seen": seen, "left": left, "answers": answers, "calls": calls, "ends": phases[-1], "waited": 6 in phases,
    "text": state.status.messages[-1].content, "kinds": sorted(kinds), "still": len(state.status.pending_approvals),
    "flow": [above.status.phase, len(answered), above.status.output["text"]],
}))
"""
    assert run_client(client_python, Endpoint(stack.address, stack.token), script) == {
        "seen": [["write_file", "it writes a.txt", "a.txt"], ["write_file", "it writes b.txt", "b.txt"]],
        "left": True,
        "answers": [None, "FAILED_PRECONDITION", "FAILED_PRECONDITION"],
        "calls": [[3, 1], [6, 3]],
        "ends": 3,
        "waited": True,
        "text": "Done with it.",
        "kinds": [1, 1, 2, 3],
        "still": 0,
        "flow": [3, 2, "Done with it."],
    }


def test_a_run_takes_a_signal_and_a_person_s_answer(client_python: Path, stack: Stack) -> None:
    script = """
import time
from google.protobuf.struct_pb2 import Struct
from ai.stigmer.agentic.workflowexecution.v1 import io_pb2

def refusal(act):
    try:
        act()
    except StigmerError as error:
        return error.grpc_code.name

def struct(**fields):
    made = Struct()
    made.update(fields)
    return made

document = WorkflowDocumentInput(dsl="1.0.0", namespace="examples", name="asking", version="0.1.0")
signals = {"mode": "all", "signals": [{"id": "paid", "type": "signal"}, {"id": "packed", "type": "signal"}]}
form = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}
question = {
    "prompt": "Refund?", "form_schema": form, "approvers": ["ada"], "ui_hint": "card", "timeout": 3600,
    "on_timeout": "HUMAN_INPUT_TIMEOUT_DENY", "outcomes": [{"name": "approve", "label": "Yes"}, {"name": "deny"}],
}
branch = [{"name": "left", "do": [{"name": "l", "kind": "set_vars", "task_config": {"variables": {"side": "left"}}}]},
          {"name": "right", "do": [{"name": "ask", "kind": "human_input", "task_config": question}]}]
tasks = [
    WorkflowTaskInput(name="wait_for", kind=9, task_config={"to": signals}),
    WorkflowTaskInput(name="both", kind=7, task_config={"branches": branch}),
    WorkflowTaskInput(name="told", kind=1, task_config={"variables": {"left": "${ .[0].side }", "said": "${ .[1] }"}}),
]
flow = client.workflows.create(WorkflowInput(name="asking", org="local", document=document, tasks=tasks))
runs = client.workflow_executions
run = runs.create(WorkflowExecutionInput(name="run", org="local", workflow_id=flow.metadata.id)).metadata.id
for name, key in (("paid", "k1"), ("paid", "k1"), ("packed", "k2")):
    signal = io_pb2.SendSignalInput(execution_id=run, signal_name=name, payload=struct(n=1), idempotency_key=key)
    runs.send_signal(signal)
def waiting():
    asked = runs.list_pending_approvals(io_pb2.ListPendingApprovalsRequest(org="local")).entries
    return [entry for entry in asked if entry.execution_id == run]

deadline = time.monotonic() + 60
while not (entries := waiting()):
    assert time.monotonic() < deadline, runs.get(run)
    time.sleep(0.05)
entry = entries[0]

def answer(outcome="approve", reviewer="ada", **data):
    runs.submit_workflow_task_approval(io_pb2.SubmitWorkflowTaskApprovalInput(
        execution_id=run, task_name="ask", outcome=outcome, reviewer=reviewer, comment="fine", form_data=struct(**data)
    ))

refused = [
    refusal(lambda: answer("maybe", amount=1)), refusal(lambda: answer(reviewer="eve", amount=1)),
    refusal(lambda: answer(amount="one")), refusal(lambda: answer(amount=3)),
]
last = list(runs.subscribe(io_pb2.SubscribeWorkflowExecutionRequest(execution_id=run)))[-1]
log = runs.get_event_log(io_pb2.GetEventLogRequest(execution_id=run)).events
kinds = [event.WhichOneof("payload") for event in log]
said = dict(last.status.output["said"])
client.workflows.delete(flow.metadata.id)
print(json.dumps({
    "entry": [entry.task_name, entry.ui_hint, bool(entry.timeout_at.seconds), entry.form_schema["required"][0]],
    "refused": refused, "phase": last.status.phase, "left": last.status.output["left"],
    "said": [said["outcome"], dict(said["data"]), said["comment"], said["reviewer"]],
    "events": [kinds.count(name) for name in ("signal_received", "approval_requested", "approval_resolved")],
    "late": refusal(lambda: answer(amount=3)),
    "types": [task.task_type for task in last.status.tasks if task.task_name in {"both", "ask"}],
}))
"""
    assert run_client(client_python, Endpoint(stack.address, stack.token), script) == {
        "entry": ["ask", "card", True, "amount"],
        "refused": ["INVALID_ARGUMENT", "PERMISSION_DENIED", "INVALID_ARGUMENT", None],
        "phase": 3,
        "left": "left",
        "said": ["approve", {"amount": 3}, "fine", "ada"],
        "events": [2, 1, 1],
        "late": "FAILED_PRECONDITION",
        "types": [5, 2],
    }
