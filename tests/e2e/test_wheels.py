"""The built wheels, in environments that hold nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from stack import ROOT

if TYPE_CHECKING:
    from stack import Stack

PACKAGES = ("api", "store", "server", "workflow-runner", "agent-runner", "cli")


def run(*command: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], env=env, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture(scope="session")
def uv() -> str:
    found = shutil.which("uv") or os.environ.get("UV")
    if found is None:
        pytest.fail("uv is not on PATH; install it with `pip install uv`")
    return found


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory, uv: str) -> Path:
    """All six wheels, each built from its sdist."""
    folder = tmp_path_factory.mktemp("dist")
    built = run(uv, "build", "--all-packages", "--out-dir", folder, ROOT)
    assert built.returncode == 0, built.stderr
    assert len(list(folder.glob("*.whl"))) == len(PACKAGES)
    return folder


def environment(folder: Path, uv: str, wheels: Path, requirement: str) -> Path:
    """Create a virtual environment with one of the wheels; returns its bin folder."""
    assert run(uv, "venv", "--python", sys.executable, folder).returncode == 0
    pins = folder / "pins.txt"
    exported = run(
        uv, "export", "--project", ROOT, "--no-hashes", "--no-emit-workspace", "--all-packages", "--all-extras"
    )
    pins.write_text(exported.stdout)
    installed = run(
        *(uv, "pip", "install", "--python", folder / "bin" / "python", "--find-links", wheels),
        *("--constraint", pins, requirement),
    )
    assert installed.returncode == 0, installed.stderr
    return folder / "bin"


def test_the_command_line_installs_alone_and_works_against_a_server(
    tmp_path: Path, uv: str, wheels: Path, stack: Stack
) -> None:
    binaries = environment(tmp_path / "env", uv, wheels, "stigmer-cli")
    ctl = binaries / "stigmer-ctl"
    listed = run(uv, "pip", "list", "--python", binaries / "python").stdout
    assert "temporalio" not in listed
    assert "sqlalchemy" not in listed

    assert "quickstart" in run(ctl, "--help").stdout

    env = stack.environment
    example = ROOT / "examples" / "01-data-flow"
    assert run(ctl, "apply", "-f", example / "workflow.yaml", env=env).returncode == 0
    assert "order-total" in run(ctl, "get", "workflows", env=env).stdout
    done = run(ctl, "run", "workflow/order-total", "--input", f"@{example / 'input.json'}", env=env)
    assert json.loads(done.stdout) == json.loads((example / "expected.json").read_text())

    up = run(ctl, "up", env=env | {"STIGMER_HOME": str(tmp_path / "home")})
    assert up.returncode != 0
    assert "stigmer-cli[local]" in up.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_every_wheel_installs_and_imports_alone(tmp_path: Path, uv: str, wheels: Path, package: str) -> None:
    binaries = environment(tmp_path / "env", uv, wheels, f"stigmer-{package}")
    module = f"stigmer_{package.replace('-', '_')}"
    code = f"import {module}, importlib.resources as r; print((r.files({module!r}) / 'py.typed').is_file())"
    done = run(binaries / "python", "-c", code)
    assert done.stdout.strip() == "True", done.stderr
