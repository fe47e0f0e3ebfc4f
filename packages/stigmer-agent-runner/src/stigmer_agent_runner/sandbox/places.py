"""Which folders a command sees, and under which names: the same list for every sandbox."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

__all__ = [
    "DEVICES",
    "SCRATCH_PREFIX",
    "SYSTEM_FILES",
    "SYSTEM_FOLDERS",
    "bubblewrap_arguments",
    "prepare_scratch",
    "remove_stale",
    "system_links",
]

SCRATCH_PREFIX = "command-"
"""Name of the folder beside the workspace that one command has for itself."""

SYSTEM_FOLDERS = ("/usr", "/nix/store", "/run/current-system")
_ROOT_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")

SYSTEM_FILES = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/pki/tls",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
)
"""Programs need these; nothing private is among them (not /etc/ssl/private)."""

NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services", "/etc/protocols")

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

WORKSPACE, SKILLS, TEMPORARY = "/workspace", "/skills", "/tmp"  # noqa: S108 - the sandbox's own
"""Names inside bubblewrap; Landlock cannot rename, so there the real paths hold."""

_USERS = "agent:x:1000:1000:agent:/tmp:/bin/sh\n"
_USER = "1000"


def system_links() -> Iterator[tuple[str, str | None]]:
    """Yield /bin, /lib and so on, each with the target when it is a symbolic link (None for a folder)."""
    for name in _ROOT_FOLDERS:
        path = Path("/", name)
        if path.is_symlink():
            yield str(path), str(path.readlink())
        elif path.is_dir():
            yield str(path), None


def bubblewrap_arguments(
    workspace: Path, scratch: Path, skills: dict[str, Path], environment: dict[str, str], *, network: bool
) -> list[str]:
    """Return bwrap's arguments. `scratch`: as prepare_scratch made it."""
    arguments = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox"]
    arguments += ["--uid", _USER, "--gid", _USER, "--clearenv"]
    arguments += ["--share-net"] if network else []
    for path in SYSTEM_FOLDERS:
        arguments += ["--ro-bind-try", path, path]
    for path, target in system_links():
        arguments += ["--ro-bind", path, path] if target is None else ["--symlink", target, path]
    for path in (*SYSTEM_FILES, *(NETWORK_FILES if network else ())):
        arguments += ["--ro-bind-try", os.path.realpath(path), path]
    arguments += ["--ro-bind", str(scratch / "passwd"), "/etc/passwd", "--proc", "/proc", "--dev", "/dev"]
    arguments += ["--bind", str(scratch / "shm"), "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108 - the sandbox's own
    arguments += ["--bind", str(scratch / "tmp"), TEMPORARY, "--bind", str(workspace), WORKSPACE]
    for name, root in skills.items():
        arguments += ["--ro-bind", str(root), f"{SKILLS}/{name}"]
    for name, value in environment.items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--remount-ro", "/", "--chdir", WORKSPACE]


def remove_stale(session: Path) -> None:
    """Remove what commands of a runner that was killed left. Whoever holds the session's lock may call it."""
    for folder in session.glob(f"{SCRATCH_PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)


def prepare_scratch(scratch: Path, skills: dict[str, Path]) -> None:
    """Make the folders and files of a scratch folder that exists."""
    for name in ("tmp", "shm", "skills"):
        (scratch / name).mkdir(mode=0o700)
    (scratch / "passwd").write_text(_USERS, encoding="ascii")
    for name, root in skills.items():
        (scratch / "skills" / name).symlink_to(root)
