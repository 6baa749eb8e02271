"""A table of escapes: what is attempted, and which layer alone denies it with which error.

Pointers are bad on purpose: EFAULT or EBADF from an unsealed process shows that the call reached
the kernel, and if a layer is missing no harm is done.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from appliance.seal import libc, seccomp

BAD = -1  # a pointer, a descriptor and a process that do not exist
OTHER = 1  # a process that exists: init
_LIBRARY = seccomp._LIBRARY
_EMPTY = b"/nowhere"


@dataclass(frozen=True, slots=True)
class Attempt:
    """``stops``: each layer that denies it alone, and the error. ``touch``: what the guard counts.

    ``harmless``: can be attempted without a seal, where it must get another answer.
    """

    call: Callable[[Path], object]
    stops: Mapping[str, str]
    touch: str | None = None
    harmless: bool = True


def number(name: str) -> int:
    """The number of a system call on this architecture."""
    assert _LIBRARY is not None
    found: int = _LIBRARY.seccomp_syscall_resolve_name(name.encode())
    return found


def _raw(name: str, *arguments: int, answer: str = "EPERM", harmless: bool = True) -> Attempt:
    words = arguments or (BAD,) * 6
    return Attempt(
        lambda _: libc.syscall(number(name), *words), {"seccomp": answer}, harmless=harmless
    )


def _path(call: Callable[[Path], object], answer: str = "EACCES") -> Attempt:
    return Attempt(call, {"landlock": answer})


def _python(call: Callable[[], object], touch: str, *, harmless: bool = False) -> Attempt:
    return Attempt(lambda _: call(), {"guard": "guard"}, touch, harmless)


def _read(path: str, *, harmless: bool = True) -> Attempt:
    return Attempt(
        lambda _: os.close(os.open(path, os.O_RDONLY)), {"landlock": "EACCES"}, harmless=harmless
    )


def _write(path: Callable[[Path], Path], flags: int = os.O_CREAT) -> Attempt:
    def call(workspace: Path) -> None:
        os.close(os.open(path(workspace), os.O_WRONLY | flags, 0o600))

    return _path(call)


def _there(flags: int) -> Attempt:
    return Attempt(
        lambda w: os.close(os.open(w / "mine", flags)), {"outputs": "EACCES", "command": "EPERM"}
    )


def _through_link(workspace: Path) -> None:
    link = workspace / "link"
    os.close(os.open(link, os.O_RDONLY))


def _abstract(_: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as mine:
        mine.connect("\0appliance-escape-test")


def _tcp(_: Path) -> None:
    with socket.socket(socket.AF_INET) as mine:
        mine.connect(("127.0.0.1", 9))


def _bind(_: Path) -> None:
    with socket.socket(socket.AF_INET) as mine:
        mine.bind(("127.0.0.1", 0))


_STREAM, _DATAGRAM, _RAW = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW
# linux/socket.h: address families, each of which a filter by family would have to list.
_SOCKETS = {
    "TCP": (2, _STREAM, 0),
    "TCP over IPv6": (10, _STREAM, 0),
    "UDP": (2, _DATAGRAM, 0),
    "ping": (2, _DATAGRAM, 1),
    "raw IP": (2, _RAW, 255),
    "a local socket": (1, _STREAM, 0),
    "netlink": (16, _RAW, 0),
    "packets": (17, _RAW, 0),
    "the kernel's ciphers": (38, socket.SOCK_SEQPACKET, 0),
    "bluetooth": (31, _RAW, 1),
    "CAN": (29, _RAW, 1),
    "TIPC": (30, _STREAM, 0),
    "vsock": (40, _STREAM, 0),
    "XDP": (44, _RAW, 0),
    "an unknown family": (99, _STREAM, 0),
}

_CALLS = (
    *("socketpair", "connect", "bind", "listen", "accept4", "sendmmsg", "recvmmsg"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_open", "pidfd_getfd"),
    *("pidfd_send_signal", "kcmp", "move_pages", "migrate_pages", "process_madvise"),
    *("bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key"),
    *("mount", "umount2", "fsopen", "fsconfig", "fsmount", "move_mount", "open_tree"),
    *("pivot_root", "chroot", "unshare", "setns", "execve", "execveat", "memfd_create"),
    *("shmget", "shmat", "semget", "msgget", "mq_open", "memfd_secret"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "swapon", "acct"),
    *("sethostname", "settimeofday", "clock_settime", "adjtimex", "open_by_handle_at"),
    *("name_to_handle_at", "fanotify_init", "quotactl", "syslog", "personality"),
    *("capset", "setgroups", "mknodat", "mkdirat", "symlinkat", "setxattr", "chmod", "fchmodat"),
    *("fchownat", "utimensat", "landlock_create_ruleset", "seccomp", "ioperm", "vmsplice"),
)

# Answered too early to prove anything, or too far-reaching to be attempted without a seal.
_HARMFUL = frozenset(
    ("swapon", "acct", "personality", "sethostname", "setgroups", "syslog", "seccomp", "unshare")
)

_WITH_ARGUMENTS = {
    "a new user namespace": _raw("clone", 0x10000000 | 0x200, 0, 0, 0, 0),
    "a new network namespace": _raw("clone", 0x40000000 | 0x10000, 0, 0, 0, 0),
    # With the flags of fork(); it succeeds without a filter.
    "a copy of itself, raw": _raw("clone", 17, 0, 0, 0, 0, harmless=False),
    "clone3, whose flags no filter sees": _raw("clone3", BAD, BAD, answer="ENOSYS"),
    "typing into the terminal": _raw("ioctl", BAD, 0x5412, BAD),
    "pasting into the console": _raw("ioctl", BAD, 0x541C, BAD),
    "a file's flags": _raw("ioctl", BAD, 0x40086602, BAD),
    "a signal to init": _raw("kill", OTHER, 0),
    "a signal to a thread of init": _raw("tgkill", OTHER, OTHER, 0),
    "a queued signal": _raw("rt_sigqueueinfo", OTHER, 0, BAD),
    "the limits of init": _raw("prlimit64", OTHER, 4, 0, 0),
    "signals by the owner of a descriptor": _raw("fcntl", BAD, 8, OTHER),
    "code in new memory": _raw("mmap", 0, 4096, 7, 0x22, BAD, 0),
    "code in old memory": _raw("mprotect", 0, 0, 7),
    "a dump after all": _raw("prctl", 4, 99, 0, 0, 0),
}

_PATHS = {
    "passwords": _read("/etc/shadow"),
    "users": _read("/etc/passwd"),
    "the root folder": _read("/"),
    "the home folders": _read("/home"),
    "init's environment": _read("/proc/1/environ", harmless=False),
    "init's memory": _read("/proc/1/mem", harmless=False),
    "a detour through /proc": _read("/proc/self/root/etc/passwd"),
    "its own memory, to write": _write(lambda _: Path("/proc/self/mem"), 0),
    "where cores go": _write(lambda _: Path("/proc/sys/kernel/core_pattern"), 0),
    "shared memory": _write(lambda _: Path("/dev/shm/appliance-escape")),
    "a temporary file": _write(lambda _: Path("/var/tmp/appliance-escape")),
    "a cache next to the workspace": _write(lambda w: w.parent / "cache"),
    "a link out of the workspace": _path(_through_link),
    "a second name for a file outside": _path(
        lambda w: os.link(w.parent / "outside", w / "inside"), "EXDEV"
    ),
    "moving a file out": _path(lambda w: os.rename(w / "mine", w.parent / "gone")),
    "emptying a file outside": _path(lambda w: os.truncate(w.parent / "outside", 0)),
    "removing a file outside": _path(lambda w: os.unlink(w.parent / "outside")),
    "a folder in the workspace": _path(lambda w: (w / "folder").mkdir()),
    "a pipe in the workspace": _path(lambda w: os.mkfifo(w / "pipe")),
    "TCP by Landlock": _path(_tcp),
    "listening by Landlock": _path(_bind),
    "an abstract socket": _path(_abstract, "EPERM"),
    "a signal to the parent": _path(lambda _: os.kill(os.getppid(), 0), "EPERM"),
}

_PYTHON = {
    "Python's socket": _python(socket.socket, "socket", harmless=True),
    "Python's pair": Attempt(lambda _: socket.socketpair(), {"seccomp": "EPERM"}),
    "a name to resolve": _python(lambda: socket.getaddrinfo(None, 9), "socket"),
    "curl": _python(lambda: subprocess.run(["curl", "--version"], check=False), "subprocess"),
    "a shell": _python(lambda: os.system("true"), "subprocess"),
    "a copy of itself": _python(os.fork, "subprocess"),
    "a program, spawned": _python(lambda: os.posix_spawn("/bin/true", ["true"], {}), "subprocess"),
    "another program": _python(lambda: os.execv("/bin/true", ["true"]), "exec"),
    "a library": _python(lambda: ctypes.CDLL("libm.so.6"), "dlopen", harmless=True),
    "a module": _python(lambda: importlib.import_module("this_is_new"), "import"),
}

ATTEMPTS: Mapping[str, Attempt] = MappingProxyType(
    {f"socket: {name}": _raw("socket", *words) for name, words in _SOCKETS.items()}
    | {name: _raw(name, harmless=name not in _HARMFUL) for name in _CALLS if number(name) >= 0}
    | _WITH_ARGUMENTS
    | _PATHS
    | _PYTHON
)


def _name(workspace: Path) -> None:
    """How a command names its output without opening a file: link, then rename over an old one."""
    # follow_symlinks makes Python call linkat, as it does with a folder's descriptor.
    os.link(workspace / "mine", workspace / "named", follow_symlinks=False)
    os.rename(workspace / "named", workspace / "mine")


# In the folder of a command's output: the command may rename there, but open nothing.
NEXT_TO_AN_OUTPUT: Mapping[str, Attempt] = MappingProxyType(
    {
        "reading a file there": _there(os.O_RDONLY),
        "writing over a file there": _there(os.O_WRONLY),
        "emptying a file there": _there(os.O_WRONLY | os.O_TRUNC),
        "listing what is there": Attempt(
            lambda w: os.close(os.open(w, os.O_RDONLY)), {"outputs": "EACCES", "command": "EPERM"}
        ),
        "a new file there": Attempt(
            lambda w: os.close(os.open(w / "new", os.O_WRONLY | os.O_CREAT)),
            {"outputs": "EACCES", "command": "EPERM"},
        ),
        "its libraries": Attempt(
            lambda _: os.close(os.open(sys.prefix, os.O_RDONLY)), {"command": "EPERM"}
        ),
        "giving a result its name": Attempt(_name, {"outputs": "done", "command": "done"}),
    }
)
