"""Takes rights away from the calling process, for good: capabilities, files (Landlock), sockets (seccomp).

Standard library only: it runs in the small process between the runner and a command, never in the runner itself.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable

__all__ = ["ConfineError", "drop_capabilities", "filter_calls", "restrict_files", "set_no_new_privileges"]

_PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 22, 24, 38
_SECCOMP_MODE_FILTER = 2

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL_DEV = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
_ALL_FILE_RIGHTS = (1 << 16) - 1
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_DEVICE = _READ_FILE | _WRITE_FILE | _TRUNCATE | _IOCTL_DEV
_WRITE = _ALL_FILE_RIGHTS & ~_IOCTL_DEV
_ALL_TCP = 3
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3

_CAPABILITY_VERSION_3 = 0x20080522

_AF_INET, _AF_INET6, _AF_NETLINK = 2, 10, 16

# machine: (AUDIT_ARCH, number of socket, numbers that are refused: add_key, request_key, keyctl, bpf, perf_event_open,
# io_uring_setup. The last one could open sockets that no filter sees.)
_MACHINES = {
    "x86_64": (0xC000003E, 41, (248, 249, 250, 321, 298, 425)),
    "aarch64": (0xC00000B7, 198, (217, 218, 219, 280, 241, 425)),
}
_X32 = 0x40000000


class ConfineError(Exception):
    """A right could not be taken away; the command must not run."""


def set_no_new_privileges() -> None:
    """No program that is started from now on gains rights, set-uid ones neither."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, "forbid new privileges")


def drop_capabilities() -> None:
    """Give up all capabilities, also those that root would get back by starting a program."""
    libc = ctypes.CDLL(None, use_errno=True)
    for number in range(64):
        dropped = libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(number), *_ZEROS)
        if dropped != 0 and ctypes.get_errno() == errno.EINVAL:
            break  # behind the last one that this kernel knows
        # EPERM: this is no root, so there is nothing to drop
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    if libc.capset(header, bytes(24)) != 0:
        raise ConfineError(f"cannot drop capabilities: {os.strerror(ctypes.get_errno())}")


def restrict_files(read: Iterable[str], write: Iterable[str], devices: Iterable[str], *, network: bool) -> None:
    """Allow files below `read` and `write` and the device files only. Paths that do not exist are passed over.

    Also refuses TCP without `network`, and signals and abstract sockets to processes outside.
    """
    tcp = 0 if network else _ALL_TCP
    attributes = struct.pack("=QQQ", _ALL_FILE_RIGHTS, tcp, _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS)
    ruleset = _syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for rights, paths in ((_READ, read), (_WRITE, write), (_DEVICE, devices)):
            for path in paths:
                _allow(ruleset, path, rights)
        _syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(f"/proc/self/fd/{handle}"):  # noqa: PTH112 - pathlib would be loaded for this alone
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, handle)
        _syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_RULE_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(handle)


def filter_calls(*, network: bool) -> None:
    """Refuse what Landlock does not see: UDP and other sockets, sockets in the file system (those of services that run
    as the same user), key rings and kernel programs. With `network`: internet sockets are allowed."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        raise ConfineError(f"no filter of system calls for {platform.machine()}")
    program = b"".join(_filter(*machine, network=network))
    buffer = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), filter_, ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise ConfineError(f"cannot filter system calls: {os.strerror(ctypes.get_errno())}")


_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16


def _filter(arch: int, socket: int, refused: tuple[int, ...], *, network: bool) -> list[bytes]:
    """Assemble the filter: each test either returns at once or goes on with the next."""
    families = (_AF_INET, _AF_INET6, _AF_NETLINK) if network else ()
    code = [_op(_LOAD, _ARCH), _op(_JUMP_EQUAL, arch, 1, 0), _op(_RETURN, _REFUSE), _op(_LOAD, _NUMBER)]
    code += [_op(_JUMP_AT_LEAST, _X32, 0, 1), _op(_RETURN, _REFUSE)]
    for number in refused:
        code += [_op(_JUMP_EQUAL, number, 0, 1), _op(_RETURN, _REFUSE)]
    code += [_op(_JUMP_EQUAL, socket, 1, 0), _op(_RETURN, _ALLOW), _op(_LOAD, _FIRST_ARGUMENT)]
    for family in families:
        code += [_op(_JUMP_EQUAL, family, 0, 1), _op(_RETURN, _ALLOW)]
    return [*code, _op(_RETURN, _REFUSE)]


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


_ZEROS = (ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))


def _prctl(option: int, value: int, what: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), *_ZEROS) != 0:
        raise ConfineError(f"cannot {what}: {os.strerror(ctypes.get_errno())}")


def _syscall(number: int, *arguments: object) -> int:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    result: int = call(ctypes.c_long(number), *arguments)
    if result < 0:
        raise ConfineError(f"cannot restrict files: {os.strerror(ctypes.get_errno())}")
    return result
