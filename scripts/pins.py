"""Keep the pins of third-party versions in the root pyproject.toml.

    python scripts/pins.py            pin exactly what the workspace resolves to now
    python scripts/pins.py --upgrade  resolve to the newest versions first, then pin those
    python scripts/pins.py --check    exit 1 when something the workspace needs is not pinned

A lock file would name the registry it was resolved from; a list of versions does not.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
LIST = re.compile(r"(?<=^constraint-dependencies = )\[.*?^\]", re.MULTILINE | re.DOTALL)
EXPORT = "uv export --quiet --all-packages --all-extras --all-groups --no-hashes --no-emit-workspace --no-annotate"


def resolved() -> list[str]:
    """Every third-party requirement of the workspace as `name==version`, with its marker where it has one."""
    done = subprocess.run(
        [*EXPORT.split(), "--no-header"], cwd=PROJECT.parent, capture_output=True, text=True, check=True
    )
    lines = (line.strip().replace('"', "'") for line in done.stdout.splitlines())
    # A pin without its marker holds on every platform, unless one name has several versions.
    names: dict[str, list[str]] = {}
    for line in lines:
        if line and not line.startswith(("#", "-", ".")):
            names.setdefault(line.partition("==")[0], []).append(line)
    return sorted(
        pin for pins in names.values() for pin in (pins if len(pins) > 1 else [pins[0].partition(" ;")[0].strip()])
    )


def write(pins: list[str]) -> None:
    """Replace the list in pyproject.toml and leave every other line as it is."""
    text = "[\n" + "".join(f'  "{pin}",\n' for pin in pins) + "]"
    PROJECT.write_text(LIST.sub(lambda _: text, PROJECT.read_text(), count=1))


def main() -> int:
    """Do what the one argument asks for."""
    if "--upgrade" in sys.argv[1:]:
        write([])
        subprocess.run(["uv", "lock", "--quiet", "--upgrade"], cwd=PROJECT.parent, check=True)  # noqa: S607 - uv runs this
    pins = resolved()
    if "--check" not in sys.argv[1:]:
        write(pins)
        return 0
    pinned = tomllib.loads(PROJECT.read_text())["tool"]["uv"]["constraint-dependencies"]
    missing = sorted(set(pins) - set(pinned))
    print("\n".join(f"not pinned: {pin}" for pin in missing), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
