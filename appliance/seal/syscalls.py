"""The system calls that a sealed process may still make; all others fail.

The list holds what decoding, computing and encoding call once every file is open (traced with
strace), and what the C library, Python and ONNX Runtime need to manage memory, threads and time. It
leaves out every way to create a socket (``socket``, ``socketpair``, ``io_uring_*``), to reach
another process (``ptrace``, ``process_vm_*``, ``pidfd_*``, ``kill``), to run another program
(``execve*``, ``memfd_create``) and to gain rights (``set*id``, ``keyctl``, ``bpf``, ``mount`` and
the ``fsopen`` family, ``unshare``, ``setns``, ``userfaultfd``, ``perf_event_open``).
"""

from __future__ import annotations

import fcntl
import mmap
import os
import socket
import termios
from collections.abc import Mapping
from dataclasses import dataclass

MEMORY = (
    *("brk", "munmap", "mremap", "madvise", "mincore", "msync"),
    *("mlock", "mlock2", "munlock", "mbind", "get_mempolicy", "membarrier"),
)

THREADS = (
    *("futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq", "set_tid_address"),
    *("exit", "exit_group", "gettid", "getpid", "getppid", "sched_yield", "sched_getaffinity"),
    *("sched_setaffinity", "sched_getparam", "sched_getscheduler", "getcpu", "arch_prctl"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack"),
    "restart_syscall",
)

TIME = (
    *("clock_gettime", "clock_getres", "clock_nanosleep", "gettimeofday", "nanosleep", "time"),
    *("timer_create", "timer_settime", "timer_delete", "setitimer", "getitimer", "times"),
)

# On descriptors that are open already. `sendmsg` and `recvmsg` work on inherited sockets; no call
# is left that creates, connects or accepts one.
DESCRIPTORS = (
    *("read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev"),
    *("lseek", "close", "fstat", "fsync", "fdatasync", "ftruncate", "fallocate", "fadvise64"),
    *("dup", "dup2", "dup3", "pipe2", "eventfd2", "poll", "ppoll", "select", "pselect6"),
    *("epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "flock", "sendfile"),
    *("sendmsg", "recvmsg", "sendto", "recvfrom", "shutdown", "getsockopt", "getsockname"),
    *("getpeername", "getdents64", "fstatfs", "copy_file_range"),
)

# Within what Landlock permits, and only in processes that could not open every file beforehand.
OPENING = ("openat", "open")

# Only for a process that turns into another program: see program.py.
STARTING = ("execve",)

# By path: query a file.
PATHS = (
    *("newfstatat", "stat", "lstat", "statx", "access", "faccessat"),
    *("faccessat2", "readlink", "readlinkat", "getcwd", "statfs"),
)

# By path: give an output its name, or remove it.
NAMING = ("linkat", "unlinkat", "unlink", "renameat", "renameat2", "rename")

# A window shares its pixels with the compositor as memory without a name, and calls services.
WINDOW = ("memfd_create", "connect")

FACTS = (
    *("getrandom", "getuid", "geteuid", "getgid", "getegid", "getgroups", "uname", "sysinfo"),
    *("getrusage", "getrlimit", "umask"),
)

ALLOWED = (*MEMORY, *THREADS, *TIME, *DESCRIPTORS, *PATHS, *FACTS)


@dataclass(frozen=True, slots=True)
class Argument:
    """A call is permitted if its argument ``index`` (from 0), under ``mask``, equals ``value``."""

    index: int
    value: int
    mask: int = 0xFFFFFFFF


# linux/sched.h: the flags of clone(2) that create a namespace, in which a process would be root.
_CLONE_NEW = (
    0x00000080  # CLONE_NEWTIME
    | 0x00020000  # CLONE_NEWNS
    | 0x02000000  # CLONE_NEWCGROUP
    | 0x04000000  # CLONE_NEWUTS
    | 0x08000000  # CLONE_NEWIPC
    | 0x10000000  # CLONE_NEWUSER
    | 0x20000000  # CLONE_NEWPID
    | 0x40000000  # CLONE_NEWNET
)
_CLONE_THREAD = 0x00010000  # a thread of this process instead of a new process

# Not among them are TIOCSTI and TIOCLINUX, which type into the terminal for its shell to run.
_IOCTL = (
    *(termios.TCGETS, termios.TIOCGWINSZ),
    *(termios.FIOCLEX, termios.FIONCLEX, termios.FIONBIO),
)
_FCNTL = (
    *(fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC),
    *(fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_SETFL),
)
# linux/prctl.h
_PR_SET_NAME, _PR_GET_NAME = 15, 16
_PR_GET_DUMPABLE, _PR_GET_SECCOMP, _PR_GET_NO_NEW_PRIVS = 3, 21, 39
_PR_SET_VMA = 0x53564D41
_PRCTL = (
    *(_PR_SET_NAME, _PR_GET_NAME),
    *(_PR_GET_DUMPABLE, _PR_GET_SECCOMP, _PR_GET_NO_NEW_PRIVS, _PR_SET_VMA),
)
_SEALS = (1033, 1034)  # linux/fcntl.h: F_ADD_SEALS and F_GET_SEALS, on memory without a name
# What open(2) can be asked for beyond reading.
_WRITING = (
    *(os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_APPEND),
    os.O_TMPFILE & ~os.O_DIRECTORY,
)
_OF_A_DISC = (0x1260,)  # linux/fs.h: BLKGETSIZE, in 512 bytes
# NVIDIA's open kernel modules: ioctl type 'F' of nv-ioctl-numbers.h; and the commands of
# uvm_ioctl.h, which manages memory: small plain numbers, UVM_INITIALIZE and UVM_DEINITIALIZE.
_NV_IOCTL_MAGIC = ord("F") << 8
_UVM_INITIALIZE, _UVM_DEINITIALIZE = 0x30000001, 0x30000002
_NVIDIA = (
    Argument(1, _NV_IOCTL_MAGIC, 0xFF00),
    Argument(1, 0, 0xFFFFFF00),
    Argument(1, _UVM_INITIALIZE),
    Argument(1, _UVM_DEINITIALIZE),
)


def conditions(
    process: int, *, gpu: bool, starting: bool = False, window: bool = False
) -> Mapping[str, tuple[Argument, ...]]:
    """Calls that are permitted with certain arguments only; one match suffices.

    ``process``: the id of this process. ``gpu``: a GPU's driver also maps executable memory and
    calls ioctl(2) on its devices. ``starting``: a program and its libraries are still to be loaded,
    which maps executable memory; and it may ask a drive for the size of its disc. ``window``: files
    are opened for reading only, and sockets are those of this machine. ``clone3`` is missing
    because its flags lie in memory, which a filter cannot read; answered with ENOSYS, the C library
    falls back to ``clone``.
    """
    forbidden = 0 if gpu or starting else mmap.PROT_EXEC
    return {
        **(_of_a_window() if window else {}),
        "clone": (Argument(0, _CLONE_THREAD, _CLONE_NEW | _CLONE_THREAD),),
        "mmap": (Argument(2, 0, forbidden),),
        "mprotect": (Argument(2, 0, forbidden),),
        "ioctl": (
            *(Argument(1, word) for word in (*_IOCTL, *(_OF_A_DISC if starting else ()))),
            *(_NVIDIA if gpu else ()),
        ),
        "fcntl": tuple(Argument(1, word) for word in (*_FCNTL, *(_SEALS if window else ()))),
        "prctl": tuple(Argument(0, word) for word in _PRCTL),
        "prlimit64": (Argument(0, 0),),
        "tgkill": (Argument(0, process),),  # abort(3), and signals to this process's own threads
    }


def _of_a_window() -> Mapping[str, tuple[Argument, ...]]:
    writing = sum(set(_WRITING))
    return {
        "openat": (Argument(2, 0, writing),),
        "open": (Argument(1, 0, writing),),
        "socket": (Argument(0, socket.AF_UNIX),),
    }
