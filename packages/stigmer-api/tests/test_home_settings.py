"""Where the settings of a service come from, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from stigmer_api.home_settings import BadSettings, HomeSettings, file_key, read_settings, setting


class Example(HomeSettings):
    """Settings of no service."""

    port: int = setting(7000, "EXAMPLE_PORT", "OLD_EXAMPLE_PORT", file="example.port", ge=1)
    name: str = setting("nobody", "EXAMPLE_NAME", file="name")
    secret: str = setting("", "EXAMPLE_SECRET")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("STIGMER_HOME", "EXAMPLE_PORT", "OLD_EXAMPLE_PORT", "EXAMPLE_NAME", "EXAMPLE_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STIGMER_HOME", str(tmp_path))
    return tmp_path


def test_an_argument_goes_before_the_environment_before_the_file_before_the_default(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_settings(Example, {}).port == 7000
    (home / "config.yaml").write_text("example: {port: 7001}\nname: file\nsecret: never from a file\n")
    assert read_settings(Example, {"port": None}).port == 7001
    monkeypatch.setenv("OLD_EXAMPLE_PORT", "7002")
    assert read_settings(Example, {}).port == 7002
    monkeypatch.setenv("EXAMPLE_PORT", "7003")
    assert read_settings(Example, {}).port == 7003
    found = read_settings(Example, {"port": 7004})
    assert (found.port, found.name, found.secret) == (7004, "file", "")
    assert (file_key(Example, "port"), file_key(Example, "secret")) == ("example.port", "")


def test_an_empty_variable_counts_as_not_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.yaml").write_text("name: file\n")
    monkeypatch.setenv("EXAMPLE_NAME", "")
    assert read_settings(Example, {}).name == "file"


def test_the_file_is_that_of_the_home_which_the_stronger_source_names(home: Path) -> None:
    other = home / "other"
    other.mkdir()
    (home / "config.yaml").write_text("name: environment\n")
    (other / "config.yaml").write_text("name: argument\n")
    assert read_settings(Example, {}).name == "environment"
    assert read_settings(Example, {"home": other}).name == "argument"


def test_every_wrong_setting_is_named_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.yaml").write_text("name: [no, text]\nexample: {port: none}\n")
    with pytest.raises(BadSettings, match=r"^example\.port \(config\.yaml\): .*; name \(config\.yaml\): "):
        read_settings(Example, {})
    monkeypatch.setenv("EXAMPLE_PORT", "0")
    with pytest.raises(BadSettings, match=r"^EXAMPLE_PORT: .*; name \(config\.yaml\): "):
        read_settings(Example, {})
    with pytest.raises(BadSettings, match=r"^port: .*; name \(config\.yaml\): "):
        read_settings(Example, {"port": -1})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: [", "is not valid YAML"),
        (b"name: a\nname: b\n", "is not valid YAML"),
        (b"- a list\n", "must hold a mapping"),
        (b"name: \xff\xfe\n", "it is not UTF-8"),
    ],
    ids=["broken", "twice", "list", "bytes"],
)
def test_a_file_that_cannot_be_settings_is_named(home: Path, content: bytes, said: str) -> None:
    (home / "config.yaml").write_bytes(content)
    with pytest.raises(BadSettings, match=said) as caught:
        read_settings(Example, {})
    assert str(home / "config.yaml") in str(caught.value)


def test_an_empty_file_sets_nothing(home: Path) -> None:
    (home / "config.yaml").write_text("# nothing yet\n")
    assert read_settings(Example, {}).name == "nobody"
