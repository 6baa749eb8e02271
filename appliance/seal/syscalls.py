"""The system calls that a sealed process may still make; all others fail.

Chosen by what decoding, computing and encoding do once every file is open (traced with strace) and
by what the C library, Python and ONNX Runtime need to manage memory, threads and time. Not among
them, and so out of reach: every way to a socket (``socket``, ``socketpair``, ``io_uring_*``), to
another process (``ptrace``, ``process_vm_*``, ``pidfd_*``, ``kill``), to another program
(``execve*``, ``memfd_create``), to more rights (``set*id``, ``keyctl``, ``bpf``, ``mount`` and the
``fsopen`` family, ``unshare``, ``setns``, ``userfaultfd``, ``perf_event_open``).
"""

from __future__ import annotations

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

# On descriptors that are open already. `sendmsg` and `recvmsg` serve the sockets that a process
# inherits; there is no call left to make or to connect one.
DESCRIPTORS = (
    *("read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev"),
    *("lseek", "close", "fstat", "fsync", "fdatasync", "ftruncate", "fallocate", "fadvise64"),
    *("dup", "dup2", "dup3", "pipe2", "eventfd2", "poll", "ppoll", "select", "pselect6"),
    *("epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "flock", "sendfile"),
    *("sendmsg", "recvmsg", "sendto", "recvfrom", "shutdown", "getsockopt", "getsockname"),
    *("getpeername", "getdents64", "fstatfs", "copy_file_range"),
)

# Where Landlock lets through, and only in processes that cannot have opened all before.
OPENING = ("openat", "open")

# By path: looked at; an output gets its name and loses it.
PATHS = (
    *("newfstatat", "stat", "lstat", "statx", "access", "faccessat"),
    *("faccessat2", "readlink", "readlinkat", "getcwd", "linkat", "unlinkat", "unlink"),
    *("renameat", "renameat2", "rename", "statfs"),
)

FACTS = (
    *("getrandom", "getuid", "geteuid", "getgid", "getegid", "getgroups", "uname", "sysinfo"),
    *("getrusage", "getrlimit", "umask"),
)

ALLOWED = (*MEMORY, *THREADS, *TIME, *DESCRIPTORS, *PATHS, *FACTS)

# For a process that takes callers on a listening socket that it inherits.
SERVING = ("accept4",)


@dataclass(frozen=True, slots=True)
class Argument:
    """A call passes where its argument ``index`` (from 0), under ``mask``, is ``value``."""

    index: int
    value: int
    mask: int = 0xFFFFFFFF


# linux/sched.h: the flags that make a namespace, in which a process would be root of its own.
_NAMESPACES = 0x7E020080
_THREAD = 0x00010000  # CLONE_THREAD: a thread of this process and not a copy of it
_PROT_EXEC = 4
# asm/ioctls.h: is this a terminal, how wide is it, close on exec, do not block. Not among them
# are TIOCSTI and TIOCLINUX, which type into the terminal for the shell behind it to run.
_IOCTL = (0x5401, 0x5413, 0x5451, 0x5450, 0x5421)
_FCNTL = (0, 1, 2, 3, 4, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC
# linux/prctl.h: PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS,
# PR_SET_VMA.
_PRCTL = (15, 16, 3, 21, 39, 0x53564D41)
# NVIDIA's open kernel modules: ioctl type 'F' of nv-ioctl-numbers.h, and of uvm_ioctl.h, which
# manages memory, plain small numbers and two large ones.
_NVIDIA = (
    Argument(1, 0x4600, 0xFF00),
    Argument(1, 0, 0xFFFFFF00),
    Argument(1, 0x30000001),
    Argument(1, 0x30000002),
)


def conditions(process: int, *, gpu: bool) -> Mapping[str, tuple[Argument, ...]]:
    """Calls that pass with some arguments only: any of these.

    ``clone3`` is missing because it hides its flags from a filter; answered "there is no such
    call", the C library turns to ``clone``. A GPU's driver maps code of its own.
    """
    code = 0 if gpu else _PROT_EXEC
    return {
        "clone": (Argument(0, _THREAD, _NAMESPACES | _THREAD),),
        "mmap": (Argument(2, 0, code),),
        "mprotect": (Argument(2, 0, code),),
        "ioctl": tuple(Argument(1, word) for word in _IOCTL) + (_NVIDIA if gpu else ()),
        "fcntl": tuple(Argument(1, word) for word in _FCNTL),
        "prctl": tuple(Argument(0, word) for word in _PRCTL),
        "prlimit64": (Argument(0, 0),),
        "tgkill": (Argument(0, process),),  # abort(), and a signal to a thread of one's own
    }
