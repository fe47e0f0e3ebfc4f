"""Where everything of one Stigmer home lies, and how the home is made."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from stigmer_cli.errors import UsageError

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600

MAX_SOCKET_PATH = 90
"""Bytes that a unix socket path may take: the kernel allows 104 (macOS) or 108, and supervisord binds a temporary
name that is up to 11 bytes longer."""

CONFIG_TEMPLATE = """\
# Settings of Stigmer. Each can be overridden by its environment variable and by its flag;
# `stigmer-ctl config` shows every setting, its value and where the value came from.
#
# server:
#   port: 7234
# temporal:
#   port: 7233
#   ui_port: 8233
# llm:
#   provider: openai
#   model: gpt-5
"""


@dataclass(frozen=True, slots=True)
class Home:
    """The directory tree of one stack; two homes are two stacks that know nothing of each other."""

    root: Path

    @property
    def config(self) -> Path:
        """Settings of the user."""
        return self.root / "config.yaml"

    @property
    def token(self) -> Path:
        """Bearer token of the API, one line, 0600."""
        return self.root / "token"

    @property
    def supervisord_conf(self) -> Path:
        """Rendered configuration of supervisord."""
        return self.root / "supervisord.conf"

    @property
    def run(self) -> Path:
        """Sockets, pid file, lock and record of the running stack."""
        return self.root / "run"

    @property
    def lock(self) -> Path:
        """Locked (flock) by supervisord for as long as the stack lives."""
        return self.run / "stack.lock"

    @property
    def record(self) -> Path:
        """What `up` started, so that later commands find it."""
        return self.run / "stack.json"

    @property
    def starts(self) -> Path:
        """Recent start times per component, by which crash loops are slowed down."""
        return self.run / "starts"

    @property
    def bin(self) -> Path:
        """Binaries that Stigmer fetched."""
        return self.root / "bin"

    @property
    def data(self) -> Path:
        """Databases, artifacts, sessions and logs."""
        return self.root / "data"

    @property
    def database(self) -> Path:
        """SQLite database of the API server, unless a URL names another."""
        return self.data / "stigmer.db"

    @property
    def artifacts(self) -> Path:
        """Files of skills, artifacts and attachments, unless a setting names another directory."""
        return self.data / "artifacts"

    @property
    def encryption_key(self) -> Path:
        """Key that the server seals secret values with, unless a variable holds it."""
        return self.data / "encryption.key"

    @property
    def logs(self) -> Path:
        """One log file per component."""
        return self.data / "logs"

    def log_of(self, component: str) -> Path:
        """Log file of a component."""
        return self.logs / f"{component}.log"

    def temporal_database(self, server_version: str) -> Path:
        """Database of the managed Temporal: one per server version, because Temporal never migrates it."""
        return self.data / f"temporal-{server_version}.db"

    @property
    def control_socket(self) -> Path:
        """Unix socket of supervisord: in run/, or in a short private directory when that path cannot serve.

        It cannot when it is too long for the kernel or holds characters that supervisord.conf has a meaning for.
        """
        path = self.run / "supervisor.sock"
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH and re.fullmatch(r"[A-Za-z0-9_./+-]+", str(path)):
            return path
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path("/tmp") / f"stigmer-{os.getuid()}-{digest}" / "supervisor.sock"  # noqa: S108 - made 0700 and checked below

    def create(self) -> None:
        """Make the tree, the home itself readable by its owner only. Raises UsageError when that is impossible."""
        try:
            self.root.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            if stat.S_IMODE(self.root.stat().st_mode) & 0o077:
                self.root.chmod(PRIVATE_DIRECTORY)
            for path in (self.run, self.starts, self.bin, self.data, self.logs, self.data / "artifacts"):
                path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot make the Stigmer home {self.root}: {error.strerror or error}",
                hint="set STIGMER_HOME (or --home) to a directory that you may write",
            ) from error
        self._create_socket_directory()

    def _create_socket_directory(self) -> None:
        """Make the directory of the control socket; outside the home it must be ours and ours alone."""
        directory = self.control_socket.parent
        directory.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise UsageError(
                f"{directory} is not a private directory of yours", hint="remove it, or use a shorter STIGMER_HOME"
            )

    def ensure_config(self) -> bool:
        """Write the commented config.yaml when there is none; True when it was written."""
        return _create_file(self.config, CONFIG_TEMPLATE)

    def ensure_token(self) -> bool:
        """Write a new token when there is none, the same way as the server does; True when it was written."""
        return _create_file(self.token, secrets.token_urlsafe(32) + "\n")

    def read_token(self) -> str:
        """Return the token, or an empty text when there is none yet."""
        with contextlib.suppress(FileNotFoundError):
            return self.token.read_text(encoding="utf-8").strip()
        return ""


def _create_file(path: Path, text: str) -> bool:
    """Make a private file unless it exists; nobody ever sees it half written or readable."""
    if path.exists():
        return False
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    _write_new(temporary, text)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    return True


def write_private(path: Path, text: str) -> None:
    """Replace a private file in one step, so that a reader sees the old or the new text and nothing between."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    _write_new(temporary, text)
    temporary.replace(path)


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
