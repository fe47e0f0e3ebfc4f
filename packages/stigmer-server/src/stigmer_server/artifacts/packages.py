"""Reads zip files that somebody else made, in memory, and refuses whatever an honest skill or artifact has no need of.

Nothing is believed that was not checked: the directory is walked before the zip library builds an object per entry, and
sizes and checksums are those of what really comes out. Names are refused, not repaired.
"""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from stigmer_api.skills import SKILL_FILE, PackedFile, package_hash

__all__ = ["DEFAULT_LIMITS", "Limits", "PackageError", "SkillPackage", "read_entry", "read_skill_package"]

_MIB = 1024 * 1024
_CHUNK = 256 * 1024
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s24x3H12x")
_LOCAL_BYTES = 30
_LONGEST_PART = 255
_LONGEST_PATH = 1024
_UTF8_FLAG, _ENCRYPTED_FLAGS = 0x800, 0x1 | 0x40 | 0x2000
_UNIX = 3
_REGULAR = frozenset({0, stat.S_IFREG, stat.S_IFDIR})
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What the zip library raises about its input, from a wrong checksum to a name that is no UTF-8."""


class PackageError(ValueError):
    """A zip file is not acceptable; the message says why and is fit for the one who sent it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes; ratio is uncompressed to compressed size of one entry."""

    zip_bytes: int = 100 * _MIB
    total_bytes: int = 500 * _MIB
    entries: int = 10_000
    ratio: int = 100
    skill_bytes: int = _MIB


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class SkillPackage:
    """What a skill package holds: the text of its SKILL.md, its version hash, and its sizes in bytes."""

    skill_md: str
    version_hash: str
    file_count: int
    total_bytes: int


def read_skill_package(data: bytes, limits: Limits = DEFAULT_LIMITS) -> SkillPackage:
    """Check every entry of a skill package and read it whole. Raises PackageError."""
    with _opened(data, limits) as archive:
        files = _files(archive, data, limits)
        skill_md = _skill_md(archive, files, limits)
        packed = [PackedFile(path, _executable(info), _sha256(archive, info)) for path, info in files.items()]
    return SkillPackage(skill_md, package_hash(packed), len(files), sum(info.file_size for info in files.values()))


def read_entry(data: bytes, path: str, most: int, limits: Limits = DEFAULT_LIMITS) -> tuple[bytes, int] | None:
    """At most `most` bytes of one file of a zip, and its whole size; None when there is none. Raises PackageError."""
    with _opened(data, limits) as archive:
        info = _files(archive, data, limits).get(path)
        if info is None:
            return None
        content = bytearray()
        for chunk in _chunks(archive, info):
            content += chunk[: most - len(content)]
            if len(content) >= most:
                break
        return bytes(content), info.file_size


# -- the directory


def _opened(data: bytes, limits: Limits) -> zipfile.ZipFile:
    _check_directory(data, limits)
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except _ZIP_ERRORS as error:
        raise PackageError(f"invalid ZIP file: {error}") from error


def _check_directory(data: bytes, limits: Limits) -> None:
    """Walk the directory without building anything of it."""
    if not data:
        raise PackageError("ZIP file is empty")
    if len(data) > limits.zip_bytes:
        raise PackageError(f"ZIP file too large: {len(data)} bytes (max: {limits.zip_bytes})")
    end = data.rfind(b"PK\5\6", max(0, len(data) - _END.size - 0xFFFF))
    if end < 0 or end + _END.size > len(data):
        raise PackageError("invalid ZIP file: it has no end, so it is cut off or no ZIP file")
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(data, end)
    if data[max(0, end - 20) : end].startswith(b"PK\6\7") or 0xFFFF in {here, count} or 0xFFFFFFFF in {size, offset}:
        raise PackageError("invalid ZIP file: it is in the ZIP64 form, which nothing of allowed size needs")
    if disk or first_disk or here != count:
        raise PackageError("invalid ZIP file: it is one part of several")
    if offset + size != end or end + _END.size + comment != len(data):
        raise PackageError("invalid ZIP file: something stands before, within or behind it")
    if _count_entries(data, offset, end, limits) != count:
        raise PackageError("invalid ZIP file: its directory does not have the entries that it tells")


def _count_entries(data: bytes, at: int, end: int, limits: Limits) -> int:
    count = 0
    while at + _ENTRY.size <= end and data.startswith(b"PK\1\2", at):
        _, name, extra, comment = _ENTRY.unpack_from(data, at)
        at += _ENTRY.size + name + extra + comment
        count += 1
        if count > limits.entries:
            raise PackageError(f"too many files in ZIP: more than {limits.entries}")
    if at != end:
        raise PackageError("invalid ZIP file: its directory is damaged")
    return count


# -- the entries


def _files(archive: zipfile.ZipFile, data: bytes, limits: Limits) -> dict[str, zipfile.ZipInfo]:
    """The files by path, each checked by what the directory says of it."""
    files: dict[str, zipfile.ZipInfo] = {}
    seen: dict[str, bool] = {}  # folded path -> whether it is a directory
    total = 0
    for info in archive.infolist():
        path = _checked_path(info)
        _check_entry(info, limits)
        total += info.file_size
        if total > limits.total_bytes:
            raise PackageError(f"total uncompressed size too large: more than {limits.total_bytes} bytes")
        if not _is_new(path, info.is_dir(), seen):
            raise PackageError(f"{_shown(path)} occurs twice, or differs from another name only in case")
        if not info.is_dir():
            files[path] = info
    _check_places(archive, data)
    return files


def _checked_path(info: zipfile.ZipInfo) -> str:
    """The path of an entry; a relative path of plain names, in UTF-8."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_FLAG and not name.isascii():
        name = _really_utf8(name)
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        raise PackageError(f"invalid character in filename: {_shown(name)}")
    path = name.removesuffix("/")
    parts = path.split("/")
    if "\\" in path or path.startswith("/") or (len(path) > 1 and path[1] == ":"):
        raise PackageError(f"{_shown(name)} is no relative path with slashes")
    if any(part in {"", ".", ".."} for part in parts):
        raise PackageError(f"{_shown(name)} has an empty part, '.' or '..' in its path")
    if len(path.encode()) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_PART for part in parts):
        raise PackageError(f"{_shown(name)} is too long a name")
    return unicodedata.normalize("NFC", path)


def _really_utf8(name: str) -> str:
    """A name that was written as UTF-8 without saying so, as many tools do."""
    try:
        return name.encode("cp437").decode()
    except ValueError as error:
        raise PackageError(f"{_shown(name)} is a name that is not UTF-8") from error


def _check_entry(info: zipfile.ZipInfo, limits: Limits) -> None:
    name = _shown(info.filename)
    if info.flag_bits & _ENCRYPTED_FLAGS:
        raise PackageError(f"{name} is encrypted")
    if info.compress_type not in _METHODS:
        raise PackageError(f"{name} is compressed by method {info.compress_type}: only stored and deflate are read")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise PackageError(f"{name} is a symbolic link")
    if kind not in _REGULAR or (kind == stat.S_IFDIR) > info.is_dir():
        raise PackageError(f"{name} is neither a file nor a directory")
    if info.is_dir() and info.file_size:
        raise PackageError(f"{name} is a directory with content")
    if info.file_size > limits.ratio * max(info.compress_size, 1):
        ratio = info.file_size // max(info.compress_size, 1)
        raise PackageError(f"suspicious compression ratio in {name}: {ratio}:1 (max: {limits.ratio}:1)")


def _is_new(path: str, is_directory: bool, seen: dict[str, bool]) -> bool:
    """Note a path and the directories above it; False when one of them cannot be beside what was seen."""
    parts = path.casefold().split("/")
    for length in range(1, len(parts)):
        if not seen.setdefault("/".join(parts[:length]), True):
            return False
    folded = "/".join(parts)
    if is_directory:
        return seen.setdefault(folded, True)
    if folded in seen:
        return False
    seen[folded] = False
    return True


def _check_places(archive: zipfile.ZipFile, data: bytes) -> None:
    """Entries lie one behind the other: overlapping ones are how a small file unpacks to a huge one."""
    at = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if info.header_offset < at:
            raise PackageError(f"{_shown(info.filename)} lies over another entry")
        at = info.header_offset + _LOCAL_BYTES + info.compress_size
    if at > min(archive.start_dir, len(data)):
        raise PackageError("invalid ZIP file: an entry reaches into the directory")


# -- the content


def _skill_md(archive: zipfile.ZipFile, files: dict[str, zipfile.ZipInfo], limits: Limits) -> str:
    info = files.get(SKILL_FILE)
    if info is None:
        inside = [path for path in files if path.endswith("/" + SKILL_FILE)]
        hint = f"; there is {_shown(inside[0])}: zip what is in that directory" if inside else ""
        raise PackageError(f"{SKILL_FILE} not found in ZIP archive: it must be at the root{hint}")
    if info.file_size > limits.skill_bytes:
        raise PackageError(f"{SKILL_FILE} too large (max: {limits.skill_bytes} bytes)")
    content = b"".join(_chunks(archive, info))
    if not content.strip():
        raise PackageError(f"{SKILL_FILE} is empty")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PackageError(f"{SKILL_FILE} is not UTF-8: {error.reason} at byte {error.start}") from error


def _sha256(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(archive, info):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of an entry, never more than it says; its checksum is checked at the end."""
    left = info.file_size
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)
                yield chunk
    except _ZIP_ERRORS as error:
        raise PackageError(f"{_shown(info.filename)} is damaged: {error}") from error
    if left:
        raise PackageError(f"{_shown(info.filename)} does not have the size that it tells")


def _executable(info: zipfile.ZipInfo) -> bool:
    return info.create_system == _UNIX and bool((info.external_attr >> 16) & 0o111)


def _shown(name: str) -> str:
    return repr(name if len(name) <= 100 else name[:99] + "…")
