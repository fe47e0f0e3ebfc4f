"""skill push: what goes into the package, that the same files give the same one, and what the command says."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from stand_in import StandIn

from stigmer_api.kinds import kind_by_key
from stigmer_cli.__main__ import run
from stigmer_cli.errors import UsageError
from stigmer_cli.packing import pack

SKILL = kind_by_key("skill")
TEXT = "---\nname: cooking\ndescription: How to cook\n---\nBoil it.\n"

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """A skill directory with a script."""
    root = tmp_path / "cooking"
    (root / "scripts").mkdir(parents=True)
    (root / "SKILL.md").write_text(TEXT, encoding="utf-8")
    (root / "scripts" / "boil.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (root / "scripts" / "boil.sh").chmod(0o755)
    return root


def ctl(capsys: Capsys, *argv: object) -> tuple[int, str, str]:
    """Run a command and return its exit code, stdout and stderr."""
    code = run([str(item) for item in argv])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_same_files_give_the_same_package(skill: Path, tmp_path: Path) -> None:
    first = pack(str(skill))
    assert first.paths == ("SKILL.md", "scripts/boil.sh")
    elsewhere = tmp_path / "elsewhere" / "cooking"
    shutil.copytree(skill, elsewhere)
    for path in elsewhere.rglob("*"):
        os.utime(path, (1, 1))
    (elsewhere / "SKILL.md").chmod(0o600)
    assert pack(str(elsewhere)) == first
    (elsewhere / "scripts" / "boil.sh").chmod(0o644)
    assert pack(str(elsewhere)).version_hash != first.version_hash


def test_modes_and_contents_are_packed(skill: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(pack(str(skill)).content)) as archive:
        modes = {info.filename: stat.S_IMODE(info.external_attr >> 16) for info in archive.infolist()}
        assert archive.read("SKILL.md").decode() == TEXT
    assert modes == {"SKILL.md": 0o644, "scripts/boil.sh": 0o755}


def test_what_tools_leave_and_secrets_stay_out_and_what_only_looks_like_it_goes_in(skill: Path) -> None:
    for name in (".git/config", "node_modules/x.js", "a/__pycache__/b.pyc", ".venv/x", ".env", ".env.local", "a/.env"):
        path = skill / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    for name in ("venv-notes.md", ".gitignore", ".github/x.yml", "environment.md"):
        path = skill / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    assert pack(str(skill)).paths == (
        ".github/x.yml",
        ".gitignore",
        "SKILL.md",
        "environment.md",
        "scripts/boil.sh",
        "venv-notes.md",
    )


def test_skillignore_names_more(skill: Path) -> None:
    (skill / "notes.txt").write_text("x", encoding="utf-8")
    (skill / "drafts").mkdir()
    (skill / "drafts" / "one.md").write_text("x", encoding="utf-8")
    (skill / ".skillignore").write_text("# not for others\n\n*.txt\ndrafts/\nscripts/*.sh\n", encoding="utf-8")
    assert pack(str(skill)).paths == ("SKILL.md",)
    for text, words in (("!x", "taken back"), ("SKILL.md", "ignores SKILL.md")):
        (skill / ".skillignore").write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=words):
            pack(str(skill))


def test_links_and_strange_files_are_refused(skill: Path) -> None:
    (skill / "passwords").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="passwords is a symbolic link"):
        pack(str(skill))
    (skill / "passwords").unlink()
    os.mkfifo(skill / "pipe")
    with pytest.raises(UsageError, match="pipe is neither"):
        pack(str(skill))


def test_a_file_that_shrinks_too_well_is_stored_as_it_is(skill: Path) -> None:
    (skill / "zeros").write_bytes(b"\0" * 1_000_000)
    with zipfile.ZipFile(io.BytesIO(pack(str(skill)).content)) as archive:
        assert archive.getinfo("zeros").compress_type == zipfile.ZIP_STORED


def test_push_says_what_it_did(server: StandIn, skill: Path, capsys: Capsys) -> None:
    code, out, _ = ctl(capsys, "skill", "push", skill, "--tag", "v1", "-m", "first")
    stored = server.only(SKILL)
    size = len(server.calls[-1][1].artifact)
    assert (code, out.splitlines()) == (
        0,
        [
            "skill/cooking pushed",
            f"version {stored.status.version_hash}",
            "tag     v1",
            f"size    {size} B zipped, 2 files",
        ],
    )
    request = server.calls[-1][1]
    assert (request.org, request.name, request.tag, request.message) == ("local", "cooking", "v1", "first")
    assert ctl(capsys, "skill", "push", skill, "--tag", "v1")[1].startswith("skill/cooking unchanged\n")
    assert ctl(capsys, "skill", "push", skill, "-o", "name")[1] == "skill/cooking\n"


def test_push_takes_the_directory_it_stands_in(
    server: StandIn, skill: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(skill)
    assert ctl(capsys, "skill", "push", "--org", "acme")[0] == 0
    assert server.only(SKILL).metadata.org == "acme"
    assert server.calls[-1][1].name == "cooking"


def test_a_dry_run_packs_and_sends_nothing(server: StandIn, skill: Path, capsys: Capsys) -> None:
    code, out, _ = ctl(capsys, "skill", "push", skill, "--dry-run", "-o", "json")
    told = json.loads(out)
    assert (code, server.calls) == (0, [])
    assert (told["name"], told["version"]) == ("cooking", pack(str(skill)).version_hash)
    assert told["files"] == ["SKILL.md", "scripts/boil.sh"]


@pytest.mark.parametrize(("path", "words"), [("nowhere", "is no directory"), (".", "SKILL.md not found")])
def test_a_directory_that_is_no_skill_is_a_usage_error(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch, path: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = ctl(capsys, "skill", "push", path)
    assert code == 2
    assert words in err
