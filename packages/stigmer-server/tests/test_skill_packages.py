"""Skill packages: the hash of what is in them, and everything that is refused, without a server."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
from zip_making import SKILL_MD, make_zip, overlapping, patched, twice, with_link, wrong_checksum, zip64_lies

from stigmer_api.skills import PackedFile, package_hash
from stigmer_server.artifacts.packages import Limits, PackageError, read_entry, read_skill_package
from stigmer_server.artifacts.skill_text import read_skill_text

GOOD = {"SKILL.md": SKILL_MD, "scripts/run.sh": "#!/bin/sh\n", "ä/ö.txt": "ü"}


def test_the_hash_is_that_of_the_content_and_of_nothing_else() -> None:
    first = read_skill_package(make_zip(GOOD, year=1990)).version_hash
    backwards = dict(reversed(GOOD.items()))
    again = make_zip(backwards, year=2020, method=zipfile.ZIP_STORED)
    assert read_skill_package(again).version_hash == first
    listed = [PackedFile(name, False, hashlib.sha256(body.encode()).hexdigest()) for name, body in GOOD.items()]
    assert package_hash(listed) == first


@pytest.mark.parametrize(
    "other",
    [
        make_zip({**GOOD, "scripts/run.sh": "#!/bin/bash\n"}),
        make_zip({**GOOD, "more.txt": ""}),
        make_zip(GOOD, executable=("scripts/run.sh",)),
        make_zip({"SKILL.md": SKILL_MD, "scripts/run2.sh": "#!/bin/sh\n", "ä/ö.txt": "ü"}),
    ],
)
def test_content_name_and_execution_bit_are_part_of_the_hash(other: bytes) -> None:
    assert read_skill_package(other).version_hash != read_skill_package(make_zip(GOOD)).version_hash


def test_empty_directories_do_not_count() -> None:
    assert (
        read_skill_package(make_zip({**GOOD, "empty/": ""})).version_hash
        == read_skill_package(make_zip(GOOD)).version_hash
    )


def test_names_that_are_utf8_without_saying_so_are_read() -> None:
    flagged = make_zip({"SKILL.md": SKILL_MD, "ä.txt": "1"})
    at = flagged.index(b"PK\3\4", 4)
    unflagged = patched(flagged, entry=1, offset=8, value=b"\0\0")
    unflagged = unflagged[: at + 6] + b"\0\0" + unflagged[at + 8 :]
    assert read_skill_package(unflagged).version_hash == read_skill_package(flagged).version_hash


def _with_comment() -> bytes:
    buffer = io.BytesIO(make_zip())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"hello"
    return buffer.getvalue()


def test_a_comment_does_no_harm() -> None:
    assert read_skill_package(_with_comment()).skill_md == SKILL_MD


def _big_number(value: int) -> bytes:
    return value.to_bytes(4, "little")


HOSTILE = {
    "empty": (b"", "is empty"),
    "no zip": (b"hello", "no end"),
    "truncated": (make_zip(GOOD)[:-30], "no end|directory"),
    "truncated start": (make_zip(GOOD)[10:], "before, within or behind"),
    "something before": (b"#!/bin/sh\n" + make_zip(), "before, within or behind"),
    "something behind": (make_zip() + b"more", "before, within or behind"),
    "no entries": (make_zip({}), "SKILL.md not found"),
    "no SKILL.md": (make_zip({"README.md": "x"}), "SKILL.md not found"),
    "deeper SKILL.md": (make_zip({"cooking/SKILL.md": SKILL_MD}), "zip what is in that directory"),
    "empty SKILL.md": (make_zip({"SKILL.md": " \n"}), "SKILL.md is empty"),
    "binary SKILL.md": (make_zip({"SKILL.md": b"\xff\xfe"}), "is not UTF-8"),
    "large SKILL.md": (make_zip({"SKILL.md": b"x" * 1_048_577}, method=zipfile.ZIP_STORED), "too large"),
    "bomb": (make_zip({"SKILL.md": SKILL_MD, "a": b"\0" * 2_000_000}), "compression ratio"),
    "absolute": (make_zip({"SKILL.md": SKILL_MD, "/etc/passwd": "x"}), "no relative path"),
    "drive": (make_zip({"SKILL.md": SKILL_MD, "C:/a": "x"}), "no relative path"),
    "backslash": (make_zip({"SKILL.md": SKILL_MD, "a\\b": "x"}), "no relative path"),
    "traversal": (make_zip({"SKILL.md": SKILL_MD, "../../etc/passwd": "x"}), "'..' in its path"),
    "traversal inside": (make_zip({"SKILL.md": SKILL_MD, "a/../../b": "x"}), "'..' in its path"),
    "dot": (make_zip({"SKILL.md": SKILL_MD, "./a": "x"}), "in its path"),
    "empty part": (make_zip({"SKILL.md": SKILL_MD, "a//b": "x"}), "in its path"),
    "line end": (make_zip({"SKILL.md": SKILL_MD, "a\nb": "x"}), "invalid character"),
    "escape": (make_zip({"SKILL.md": SKILL_MD, "a\x1bb": "x"}), "invalid character"),
    "NUL": (make_zip({"SKILL.md": SKILL_MD, "a~b": "x"}).replace(b"a~b", b"a\0b"), "invalid character|damaged"),
    "long part": (make_zip({"SKILL.md": SKILL_MD, "a" * 256: "x"}), "too long"),
    "symlink": (with_link(), "symbolic link"),
    "twice": (twice(), "occurs twice"),
    "case": (make_zip({"SKILL.md": SKILL_MD, "A.txt": "1", "a.txt": "2"}), "occurs twice"),
    "second SKILL.md": (make_zip({"SKILL.md": SKILL_MD, "skill.md": "2"}), "occurs twice"),
    "file and directory": (make_zip({"SKILL.md": SKILL_MD, "a": "1", "a/b": "2"}), "occurs twice"),
    "checksum": (wrong_checksum(make_zip(method=zipfile.ZIP_STORED)), "damaged"),
    "encrypted": (patched(make_zip(), entry=0, offset=8, value=b"\1\0"), "encrypted"),
    "method": (make_zip(method=zipfile.ZIP_LZMA), "only stored and deflate"),
    "smaller than told": (
        patched(make_zip(), entry=0, offset=24, value=_big_number(500)),
        "size that it tells|damaged",
    ),
    "larger than told": (patched(make_zip(), entry=0, offset=24, value=_big_number(5)), "damaged"),
    "huge": (patched(make_zip(), entry=0, offset=24, value=_big_number(0xFFFFFFF0)), "compression ratio"),
    "zip64 size": (patched(make_zip(), entry=0, offset=24, value=_big_number(0xFFFFFFFF)), "ratio|invalid"),
    "reaches out": (patched(make_zip(), entry=0, offset=20, value=_big_number(10_000)), "reaches into the directory"),
    "offset": (patched(make_zip(), entry=0, offset=42, value=_big_number(10_000)), "reaches|invalid"),
    "overlapping": (overlapping(), "over another entry"),
    "zip64": (zip64_lies(), "ZIP64"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_package_is_refused_with_the_reason(name: str) -> None:
    data, words = HOSTILE[name]
    with pytest.raises(PackageError, match=words):
        read_skill_package(data)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(zip_bytes=50), "ZIP file too large"),
        (Limits(entries=2), "too many files"),
        (Limits(total_bytes=20), "total uncompressed size too large"),
        (Limits(skill_bytes=20), "SKILL.md too large"),
    ],
)
def test_every_limit_holds(limits: Limits, words: str) -> None:
    with pytest.raises(PackageError, match=words):
        read_skill_package(make_zip(GOOD), limits)


def test_ten_thousand_files_are_enough() -> None:
    files: dict[str, str | bytes] = {"SKILL.md": SKILL_MD, **{f"f{number}": "" for number in range(10_000)}}
    with pytest.raises(PackageError, match="too many files"):
        read_skill_package(make_zip(files))


def test_every_cut_and_every_flipped_byte_ends_in_a_package_or_a_package_error() -> None:
    data = make_zip(GOOD)
    broken = [data[:length] for length in range(0, len(data), 3)]
    broken += [data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :] for at in range(len(data))]
    refused = 0
    for item in broken:
        try:
            read_skill_package(item)
        except PackageError:
            refused += 1
    assert refused > len(broken) // 2


def test_one_entry_is_read_up_to_a_limit() -> None:
    data = make_zip({"a/b.txt": "0123456789"})
    assert read_entry(data, "a/b.txt", 4) == (b"0123", 10)
    assert read_entry(data, "a/b.txt", 100) == (b"0123456789", 10)
    assert read_entry(data, "../a", 100) is None


@pytest.mark.parametrize(
    ("text", "given", "name", "slug"),
    [
        ("---\nname: cooking\n---\n", "", "cooking", "cooking"),
        ("---\nname: PDF Forms & More\n---\n", "", "pdf-forms-more", "pdf-forms-more"),
        ("---\r\nname: a.b_c\r\n---\r\n", "dir", "a.b-c", "a-b-c"),
        ("# Cooking at Home #\n\ntext", "", "cooking-at-home", "cooking-at-home"),
        ("# Cooking\n", "kitchen", "kitchen", "kitchen"),
        ("---\ndescription: x\n---\n# Cooking\n", "", "cooking", "cooking"),
    ],
)
def test_the_name_comes_from_front_matter_then_caller_then_heading(text: str, given: str, name: str, slug: str) -> None:
    found = read_skill_text(text, given)
    assert (found.name, found.slug) == (name, slug)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("words", "names no skill"),
        ("---\nname: x\n", "has no end"),
        ("---\nname: [\n---\n", "not valid YAML"),
        ("---\n- a\n---\n", "must be a mapping"),
        ("---\nname: 12\n---\n", "must be a text"),
        ("---\nname: x\n---\n", "is no name"),
        ("---\nname: 3d\n---\n", "is no name"),
        ("---\nname: " + "a" * 64 + "\n---\n", "is no name"),
        ("---\nname: 日本\n---\n", "is no name"),
        ("---\nname: cooking\ndescription: [a]\n---\n", "description .* must be a text"),
        ("---\n" + "[" * 500 + "\n---\n", "not valid YAML"),
    ],
)
def test_front_matter_that_cannot_be_used_is_refused(text: str, words: str) -> None:
    with pytest.raises(PackageError, match=words):
        read_skill_text(text)
