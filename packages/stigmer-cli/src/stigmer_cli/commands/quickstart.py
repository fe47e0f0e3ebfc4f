"""The quickstart: from nothing to a workflow that called an agent, in one command."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import as_file, files

from stigmer_cli.applying import apply_all
from stigmer_cli.client import connect
from stigmer_cli.commands.started import show_started
from stigmer_cli.invocation import Invocation
from stigmer_cli.manifest.loading import load_manifests
from stigmer_cli.running import Request, announce, find_runnable, start, watch_to_end
from stigmer_cli.supervision.bringing_up import bring_up
from stigmer_cli.terminal import result, say

WORKFLOW = "workflow/hello"
INPUT = '{"name": "Ada"}'

NEXT_STEPS = """
Next:
  stigmer-ctl run agent/greeter -m "hello, I am Grace"     talk to the agent
  stigmer-ctl run hello --input '{"name": "Grace"}'        run the workflow with another input
  stigmer-ctl get workflowexecutions                       what ran
  stigmer-ctl status                                       what runs here
  stigmer-ctl down                                         stop everything; nothing is lost"""


def run_quickstart(given: Invocation, flags: Mapping[str, str | int | None], timeout: float) -> None:
    """Start the stack unless it runs, apply the bundled manifests, run the workflow, and leave the stack up."""
    form = given.format("table", "json")
    started = bring_up(given.settings(flags, running_stack=False), given.settings, timeout)
    if form != "json":
        show_started(started)
    settings = started.settings
    with as_file(files("stigmer_cli").joinpath("quickstart")) as directory:
        manifests = load_manifests([str(directory)], settings["org"])
    with connect(settings) as client:
        apply_all(client, manifests, lambda item: say(str(item)))
        kind, execution = start(client, *find_runnable(client, WORKFLOW), Request(input_json=INPUT))
        announce(kind, execution)
        watch_to_end(client, kind, execution.metadata.id, form)
    if form != "json":
        result(NEXT_STEPS)
