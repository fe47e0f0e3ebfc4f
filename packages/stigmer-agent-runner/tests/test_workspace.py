"""The file tools stay in the workspace and tell models what to do instead."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stigmer_agent_runner.errors import ToolError
from stigmer_agent_runner.tools import workspace
from stigmer_agent_runner.tools.files import FileTools
from stigmer_agent_runner.tools.toolbox import Toolbox


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace beside a file that nobody may reach."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def files(root: Path) -> FileTools:
    """The tools of the workspace."""
    return FileTools(root)


def test_paths_with_and_without_a_slash_are_the_same_file(files: FileTools, root: Path) -> None:
    files.write_file("/a/b.txt", "x")
    files.write_file("a/./c/../b.txt", "y")

    assert (root / "a" / "b.txt").read_text() == "y"
    assert files.read_file("a/b.txt") == "y"
    assert (root / "a" / "b.txt").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("path", ["../secret.txt", "/../secret.txt", "a/../../secret.txt", "x\0y"])
def test_paths_that_lead_out_are_refused(files: FileTools, path: str) -> None:
    for act in (
        files.read_file,
        files.ls,
        lambda path: files.write_file(path, "x"),
        lambda path: files.glob("*", path),
    ):
        with pytest.raises(ToolError, match=r"leads out of the workspace|NUL"):
            act(path)


@pytest.mark.parametrize(
    "link", [lambda root: (root / "l").symlink_to(root.parent), lambda root: (root / "l").symlink_to("..")]
)
def test_a_linked_folder_is_not_followed(files: FileTools, root: Path, link: Callable[[Path], None]) -> None:
    link(root)

    for act in (
        lambda: files.read_file("l/secret.txt"),
        lambda: files.write_file("l/new.txt", "x"),
        lambda: files.edit_file("l/secret.txt", "secret", "x"),
        lambda: files.ls("l"),
        lambda: files.glob("*", "l"),
    ):
        with pytest.raises(ToolError, match="symbolic link"):
            act()
    assert files.ls("/") == []
    assert files.grep("secret").found == ()
    assert files.glob("**/*") == []
    assert not (root.parent / "new.txt").exists()


def test_a_linked_file_is_not_read_and_writing_replaces_the_link(files: FileTools, root: Path) -> None:
    (root / "l.txt").symlink_to(root.parent / "secret.txt")

    with pytest.raises(ToolError, match=r"l.txt is a symbolic link"):
        files.read_file("l.txt")
    files.write_file("l.txt", "mine")

    assert (root.parent / "secret.txt").read_text() == "secret"
    assert not (root / "l.txt").is_symlink()


def test_special_files_are_not_opened(files: FileTools, root: Path) -> None:
    os.mkfifo(root / "pipe")

    with pytest.raises(ToolError, match="is not a regular file"):
        files.read_file("pipe")
    assert files.ls() == []


def test_sizes_are_capped(files: FileTools, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "MAX_FILE_BYTES", 10)
    (root / "big.txt").write_text("x" * 11)

    with pytest.raises(ToolError, match="larger than 10 bytes; search it with grep"):
        files.read_file("big.txt")
    with pytest.raises(ToolError, match="11 bytes are more than the 10"):
        files.write_file("new.txt", "x" * 11)
    monkeypatch.setattr(workspace, "MAX_WALK_ENTRIES", 0)
    with pytest.raises(ToolError, match="search in a smaller folder"):
        files.glob("*")


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda files: files.read_file("no.txt"), "no.txt does not exist"),
        (lambda files: files.read_file("/"), "is the workspace itself"),
        (lambda files: files.read_file("d"), "/d is a folder; list it with ls"),
        (lambda files: files.write_file("d", "x"), "/d is a folder; name a file"),
        (lambda files: files.read_file("bin"), "/bin is not a UTF-8 text file"),
        (lambda files: files.ls("no"), "/no does not exist"),
        (lambda files: files.ls("a.txt"), "/a.txt leads through a file"),
        (lambda files: files.edit_file("a.txt", "nope", "x"), "does not hold that text; read the file"),
        (lambda files: files.edit_file("a.txt", "o", "x"), "holds that text 2 times; give more"),
        (lambda files: files.edit_file("a.txt", "", "x"), "old_string is empty"),
        (lambda files: files.edit_file("a.txt", "o", "o"), "are the same"),
        (lambda files: files.glob(""), "the pattern is empty"),
        (lambda files: files.glob("../*"), "holds '..'"),
        (lambda files: files.grep(""), "the pattern is empty"),
        (lambda files: files.write_file("x" * 300, ""), "has a name that is too long"),
    ],
)
def test_mistakes_are_told_in_words(
    files: FileTools, root: Path, act: Callable[[FileTools], object], message: str
) -> None:
    (root / "d").mkdir()
    (root / "a.txt").write_text("o and o")
    (root / "bin").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ToolError) as caught:
        act(files)
    assert message in str(caught.value)


def test_edits_replace_one_or_all(files: FileTools) -> None:
    files.write_file("a.txt", "a b a")

    assert files.edit_file("a.txt", "b", "c") == 1
    assert files.edit_file("a.txt", "a", "x", replace_all=True) == 2
    assert files.read_file("a.txt") == "x c x"


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("*.py", "/", ["/top.py", "/src/app/main.py"]),
        ("/*.py", "/", ["/top.py"]),
        ("src/**/*.py", "/", ["/src/app/main.py"]),
        ("**/*.py", "/src", ["/src/app/main.py"]),
        ("*.{py,txt}", "/", ["/top.py", "/src/a.txt", "/src/app/main.py"]),
        ("[st]op.*", "/", ["/top.py"]),
        ("*.rs", "/", []),
    ],
)
def test_globs_match_names_at_any_depth_and_paths_with_slashes(
    files: FileTools, pattern: str, path: str, found: list[str]
) -> None:
    for name in ("top.py", "src/a.txt", "src/app/main.py"):
        files.write_file(name, "x")

    assert [entry.path for entry in files.glob(pattern, path)] == found


def test_grep_finds_plain_text_and_stops_at_its_limit(files: FileTools, root: Path) -> None:
    files.write_file("a.txt", "one.\ntwo\none.")
    files.write_file("b/c.md", "one.")
    (root / "bin").write_bytes(b"one.\xff")

    assert [(match.path, match.line) for match in files.grep("one.").found] == [
        ("/a.txt", 1),
        ("/a.txt", 3),
        ("/b/c.md", 1),
    ]
    assert files.grep("one.", max_count=3).truncated is False
    assert files.grep("one.", max_count=2).truncated is True
    assert [match.path for match in files.grep("one.", glob="*.md").found] == ["/b/c.md"]
    assert [match.line for match in files.grep("two", "/a.txt").found] == [2]
    with pytest.raises(ToolError, match="/zzz does not exist"):
        files.grep("x", "/zzz")


def test_the_toolbox_runs_tools_by_name(files: FileTools) -> None:
    box = Toolbox(files)

    assert box.call("write_file", {"file_path": "a.txt", "content": "1\n2\n3"}) == "Wrote 5 bytes to a.txt."
    assert box.call("read_file", {"path": "a.txt", "offset": 1, "limit": 1}) == "2\n"
    assert box.call("ls", {}) == "/a.txt (5 bytes)"
    assert box.call("glob", {"pattern": "*"}) == "/a.txt"
    assert box.call("grep", {"pattern": "2"}) == "/a.txt:2: 2"
    assert box.call("edit_file", {"path": "a.txt", "old_string": "1", "new_string": "x"}).startswith("Replaced 1")
    assert box.call("write_todos", {"todos": [{"content": "x"}]}) == "Noted 1 to-do item(s)."


@pytest.mark.parametrize(
    ("tool", "args", "message"),
    [
        ("execute", {"command": "id"}, "there is no tool 'execute'; there are ls, read_file"),
        ("ls", {"folder": "/"}, "ls takes no argument 'folder'; it takes path"),
        ("write_file", {"path": "a"}, "write_file needs the argument 'content'"),
        ("write_file", {"path": "a", "content": 1}, "write_file: 'content' must be a text"),
        ("read_file", {"path": "a", "limit": True}, "read_file: 'limit' must be a whole number"),
        ("write_todos", {"todos": [{"content": "x", "status": "maybe"}]}, "todos[0].status must be one of pending"),
    ],
)
def test_the_toolbox_checks_arguments(files: FileTools, tool: str, args: dict[str, object], message: str) -> None:
    with pytest.raises(ToolError) as caught:
        Toolbox(files).call(tool, args)
    assert message in str(caught.value)
