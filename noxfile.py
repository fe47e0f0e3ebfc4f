"""Every check of the project by name: `nox -l` lists them, `nox` runs those that a change must pass."""

from __future__ import annotations

import secrets
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.error_on_external_run = True
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["generate", "lint", "types", "imports", "test", "e2e"]

ROOT = Path(__file__).parent
PACKAGES = ("api", "store", "server", "workflow-runner", "agent-runner", "cli")
PARTS_OF_BENCHMARKS = {"agent_peers.py", "bare_temporal.py", "served.py"}
"""Modules beside the benchmarks that are none by themselves."""


def sync(session: nox.Session, *arguments: str) -> None:
    """Install from the workspace, with the pins of the root, into the environment of the session."""
    environment = {"UV_PROJECT_ENVIRONMENT": session.virtualenv.location}
    session.run_install("uv", "sync", "--quiet", *arguments, env=environment, external=True)


def sync_all(session: nox.Session) -> None:
    """Install every package and every development tool."""
    sync(session, "--all-packages", "--group", "dev")


@nox.session
def generate(session: nox.Session) -> None:
    """Fail when the generated API is not current; `nox -s generate -- --write` rewrites it."""
    sync(session, "--package", "stigmer-api", "--inexact")
    session.install("grpcio-tools==1.85.1")
    check = [] if "--write" in session.posargs else ["--check"]
    session.run("python", "scripts/generate_api.py", *check)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    sync_all(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy strict, one package at a time because test modules of different packages share names."""
    sync_all(session)
    for package in PACKAGES:
        session.run("mypy", f"packages/stigmer-{package}/src", f"packages/stigmer-{package}/tests")
    session.run("mypy", "scripts", "noxfile.py", "conftest.py")
    session.run("mypy", "tests/e2e", env={"MYPYPATH": "tests/e2e"})


@nox.session
def imports(session: nox.Session) -> None:
    """Layers, third-party boundaries and cycles."""
    sync_all(session)
    session.run("lint-imports")


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def test(session: nox.Session, package: str) -> None:
    """Tests of one package, in an environment that holds that package and what it declares."""
    sync(session, "--package", f"stigmer-{package}", "--all-extras")
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "testing")
    session.install(*group)
    session.run("pytest", f"packages/stigmer-{package}", *session.posargs)


@nox.session
def e2e(session: nox.Session) -> None:
    """The whole stack under supervisord, the examples, the wheels and the published client."""
    sync_all(session)
    session.run("pytest", "tests/e2e", *session.posargs)


@nox.session
def wheels(session: nox.Session) -> None:
    """Build every wheel from its sdist and use each in an empty environment."""
    sync_all(session)
    session.run("pytest", "tests/e2e/test_wheels.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Print the measured ratios, in about half an hour; a bound that is missed is said and ends nothing."""
    sync_all(session)
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        if script.name not in PARTS_OF_BENCHMARKS:
            session.log(script.name)
            session.run("python", str(script), success_codes=[0, 1])


@nox.session
def prove(session: nox.Session) -> None:
    """The state machine and the fuzzing of the server with a new seed and ten times the length of CI."""
    sync_all(session)
    seed = str(secrets.randbelow(2**31))
    session.log(f"seed {seed}")
    longer = {"STIGMER_MODEL_SEED": seed, "STIGMER_MODEL_STEPS": "20000"}
    longer |= {"STIGMER_FUZZ_SEED": seed, "STIGMER_FUZZ_MESSAGES": "200000"}
    tests = ("test_model_resources.py", "test_fuzz.py")
    session.run("pytest", *(f"packages/stigmer-server/tests/{name}" for name in tests), *session.posargs, env=longer)
