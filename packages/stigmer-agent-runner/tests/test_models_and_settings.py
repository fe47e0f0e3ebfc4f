"""Which model an execution gets, where settings come from, and what mistakes in them are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stigmer_agent_runner.errors import ResolveError, SettingsError
from stigmer_agent_runner.models import choose_model
from stigmer_agent_runner.sessions import SessionPaths
from stigmer_agent_runner.settings import load_settings


@pytest.mark.parametrize(
    ("execution", "agent", "settings", "label", "base_url"),
    [
        ("scripted", "openai:gpt-5", {}, "scripted", ""),
        ("", "ollama:qwen3:8b", {}, "ollama:qwen3:8b", "http://127.0.0.1:11434/v1"),
        ("qwen3", "ollama:other", {}, "ollama:qwen3", "http://127.0.0.1:11434/v1"),
        ("qwen3", "", {"llm_provider": "vllm", "llm_model": "x"}, "vllm:qwen3", "http://127.0.0.1:8000/v1"),
        ("", "", {"llm_provider": "vllm", "llm_model": "x"}, "vllm:x", "http://127.0.0.1:8000/v1"),
        ("", "vllm", {"llm_provider": "vllm", "llm_model": "x"}, "vllm:x", "http://127.0.0.1:8000/v1"),
        ("", "vllm:y", {"llm_provider": "vllm", "llm_base_url": "http://h/v1/"}, "vllm:y", "http://h/v1"),
        ("", "vllm:y", {"llm_base_url": "http://h/v1"}, "vllm:y", "http://h/v1"),
        ("", "vllm:y", {"llm_provider": "ollama", "llm_base_url": "http://h/v1"}, "vllm:y", "http://127.0.0.1:8000/v1"),
    ],
)
def test_the_strongest_place_chooses_the_model(
    execution: str, agent: str, settings: dict[str, Any], label: str, base_url: str
) -> None:
    choice = choose_model(execution, agent, "", load_settings(**settings), {})

    assert (choice.label, choice.base_url) == (label, base_url)


def test_an_agent_with_a_script_and_no_model_is_scripted() -> None:
    assert choose_model("", "", "version: 1", load_settings(), {}).label == "scripted"


def test_keys_come_from_the_settings_or_the_providers_own_variable() -> None:
    environment = {"OPENAI_API_KEY": "theirs", "OPENROUTER_API_KEY": "router"}
    ours = load_settings(llm_provider="openai", llm_model="m", llm_api_key="ours")

    assert choose_model("", "openai:x", "", ours, environment).api_key == "ours"
    assert choose_model("", "openrouter:x", "", ours, environment).api_key == "router"
    assert choose_model("", "openai:x", "", load_settings(), environment).api_key == "theirs"
    assert "theirs" not in repr(choose_model("", "openai:x", "", load_settings(), environment))


@pytest.mark.parametrize(
    ("execution", "agent", "message"),
    [
        (
            "",
            "opnai:gpt-5",
            "spec.model of the agent is 'opnai:gpt-5': unknown provider 'opnai'; known are scripted, openai",
        ),
        ("gpt-5", "", "model_name of the execution is 'gpt-5': unknown provider 'gpt-5'"),
        ("", "ollama:", "a model is missing after the colon"),
        ("", "ollama", "names the provider ollama without a model; write ollama:MODEL or set llm.model"),
        ("", "openai:gpt-5", "needs a key; set llm.api_key / STIGMER_LLM_API_KEY or OPENAI_API_KEY"),
        ("", "openai-compatible:x", "has no default endpoint; set llm.base_url / STIGMER_LLM_BASE_URL"),
    ],
)
def test_a_model_that_cannot_be_used_says_what_to_change(execution: str, agent: str, message: str) -> None:
    with pytest.raises(ResolveError) as caught:
        choose_model(execution, agent, "", load_settings(), {})
    assert message in str(caught.value)


def test_environment_wins_over_the_file_and_the_file_over_defaults(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.yaml").write_text("llm: {provider: vllm, model: from-file}\nserver: {port: 1}\nlog_level: debug\n")
    monkeypatch.setenv("STIGMER_LLM_MODEL", "from-environment")

    settings = load_settings(log_level="error")

    assert (settings.llm_provider, settings.llm_model, settings.log_level) == ("vllm", "from-environment", "error")
    assert settings.server_target == "127.0.0.1:1"
    assert settings.temporal_target == "127.0.0.1:7233"
    assert settings.home == home


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("llm: {provider: x}", "unknown provider 'x'; known are scripted"),
        ("llm: {model: x}", "llm.model is set without llm.provider"),
        ("llm: {provider: vllm, base_url: localhost}", "must start with http:// or https://"),
        ("log_level: loud", "must be one of debug, info"),
        ("server: {port: 0}", "greater than or equal to 1"),
        ("[1]", "must hold a mapping of settings"),
        ("a: [", "is not valid YAML"),
    ],
)
def test_bad_settings_are_told_by_name(home: Path, text: str, message: str) -> None:
    (home / "config.yaml").write_text(text)

    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert message in str(caught.value)


@pytest.mark.parametrize("session", ["", "..", "a/b", ".x", "x" * 200])
def test_a_session_id_never_leaves_the_folder_of_sessions(tmp_path: Path, session: str) -> None:
    with pytest.raises(ResolveError, match="is not a valid id"):
        SessionPaths.of(tmp_path, session)
