"""Importing the runner stays cheap: engines and what they need load on first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = ("langchain", "langchain_core", "langgraph", "deepagents", "openai", "langchain_openai", "aiosqlite")


def _loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    ["stigmer_agent_runner.worker", "stigmer_agent_runner.__main__", "stigmer_agent_runner.engine.scripted.engine"],
)
def test_the_runner_and_the_scripted_engine_do_not_load_langchain(module: str) -> None:
    assert not _loaded_by(f"import {module}") & set(_HEAVY)


def test_the_workflow_loads_neither_grpc_nor_protobuf_messages() -> None:
    loaded = _loaded_by("import stigmer_agent_runner.contracts, stigmer_api.temporal")

    assert not {"grpc", "google.protobuf", *_HEAVY} & loaded


def test_the_graphton_engine_loads_without_warnings_and_without_other_providers() -> None:
    loaded = _loaded_by("import stigmer_agent_runner.engine.graphton.engine")

    assert "deepagents" in loaded
    assert not {"anthropic", "google.genai"} & loaded
