"""What the Sail child gives up before it runs any SQL: files, network, memory, descriptors.

Standard library only. Every step is best effort, since kernels and containers differ; what took
hold is reported, so that nobody has to guess. Called once, before the child has threads.
"""

import ctypes
import errno
import fcntl
import os
import resource
import signal
import socket
import struct

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_NO_NEW_PRIVS = 38
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446
LANDLOCK_PATH_BENEATH = 1
READ_FILE = 1 << 2
LANDLOCK_VERSION = 1
# Rights over files by Landlock version: 13 in the first, then one each for refer, truncate, ioctl.
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3


def limit_resources(memory_bytes: int) -> None:
    """Bound memory and descriptors, and let no file grow: a write to a file fails."""
    limits = (
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, limit in limits:
        _, hard = resource.getrlimit(kind)
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (bound, bound))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def leave_network() -> bool:
    """Move to a network namespace of our own, where only loopback exists; False if refused."""
    if not hasattr(ctypes.CDLL(None), "unshare"):
        return False
    # A namespace without loopback would be of no use: a copy of this process tries it first.
    trial = os.fork()
    if trial == 0:
        os._exit(0 if _enter_network() else 1)
    return os.waitpid(trial, 0)[1] == 0 and _enter_network()


def _enter_network() -> bool:
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return False
    request = struct.pack("16sh14x", b"lo", IFF_UP)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, SIOCSIFFLAGS, request)
    except OSError:
        return False
    return True


def close_files() -> bool:
    """Forbid opening, making or removing any file from here on (Landlock); False if refused.

    Only the source of randomness stays readable, which hash tables are seeded from. Everything the
    child needs must be loaded before: this also ends its imports.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION)
    if version < 1:
        return False
    rights = (1 << FILE_RIGHTS.get(version, 16)) - 1
    scope = SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0
    attributes = struct.pack("QQQ", rights, 0, scope)
    size = 24 if version >= 6 else 8
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        return False
    readable = os.open("/dev/urandom", os.O_PATH)
    rule = struct.pack("=Qi", READ_FILE, readable)
    libc.syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PATH_BENEATH, rule, 0)
    os.close(readable)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    restricted = libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return bool(restricted)


_X86_64 = """0 1 3 5 7 8 9 10 11 12 13 14 15 24 25 28 38 39 44 45 46 47 60 96 98 131 186 202 204 219
228 229 230 231 318 334"""
_AARCH64 = """57 62 63 64 73 80 93 94 98 103 113 114 115 123 124 128 132 134 135 139 165 169 172 178
206 207 211 212 214 215 216 222 226 233 278 293"""
"""The system calls that computing takes: memory, what is open, clocks, signals to itself."""
COMPUTING = {"x86_64": (0xC000003E, _X86_64.split()), "aarch64": (0xC00000B7, _AARCH64.split())}
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
LOAD_WORD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


def compute_only() -> bool:
    """Leave this thread nothing but computing: every other system call fails; False if refused.

    No file, process, thread, socket or signal to others can be made from here on.
    """
    architecture, calls = COMPUTING.get(os.uname().machine, (0, []))
    if not calls:
        return False
    program = [(LOAD_WORD, 0, 0, 4), (JUMP_EQUAL, 1, 0, architecture), (RETURN, 0, 0, REFUSE)]
    program.append((LOAD_WORD, 0, 0, 0))
    for place, number in enumerate(calls):
        program.append((JUMP_EQUAL, len(calls) - place, 0, int(number)))
    program += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head) == 0)
