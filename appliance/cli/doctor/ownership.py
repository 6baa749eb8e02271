"""Checks of users, folders and sockets: each service has its own and cannot reach the others'."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.cli.doctor.check import Check, verdict
from appliance.cli.doctor.system import setting_lines
from appliance.policy.policy import MOST_SLOTS

_USERS = "usr/lib/sysusers.d/appliance.conf"
_FOLDERS = "usr/lib/tmpfiles.d/appliance.conf"

# Name of the check, its sockets, mode, owner, group.
_KEEPERS = tuple(f"keeper/w{slot}.sock" for slot in range(MOST_SLOTS))
_SOCKETS = (
    ("broker's socket", ("session.sock",), 0o660, "root", "appliance-kiosk"),
    ("ledger's socket", ("audit.sock",), 0o660, "appliance-broker", "appliance-attest"),
    ("auditor's socket", ("auditor.sock",), 0o600, "appliance-broker", "root"),
    ("burner's socket", ("burner.sock",), 0o600, "appliance-broker", "root"),
    ("disc reader's socket", ("disc.sock",), 0o600, "appliance-kiosk", "root"),
    ("keepers' sockets", _KEEPERS, 0o600, "appliance-broker", "root"),
)
_LISTENING = 1 << 16  # __SO_ACCEPTCON of the kernel's net.h, in the flags of /proc/net/unix


def ownership_checks(root: Path) -> Iterator[Check]:
    """Whether every service has its user, and folders and sockets belong to the right ones."""
    files = _Files(root, _names(root / "etc/passwd"), _names(root / "etc/group"))
    yield _users(root)
    yield _folders(files)
    yield from _sockets(files)
    wrong = files.deviations(
        "/etc/appliance/tokens", stat.S_ISREG, 0o640, "root", "appliance-broker"
    )
    yield verdict("privileges", "registered tokens", wrong, "0640 root appliance-broker")
    yield _roles(files)


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a machine, with the names of its users and groups by id."""

    root: Path
    users: dict[int, str]
    groups: dict[int, str]

    def deviations(
        self, path: str, kind: Callable[[int], bool], mode: int, owner: str, group: str
    ) -> Iterator[str]:
        """What is not as expected of a file."""
        try:
            found = (self.root / path[1:]).lstat()
        except OSError:
            yield f"{path} is missing"
            return
        if not kind(found.st_mode):
            yield f"{path} is of another type"
        if stat.S_IMODE(found.st_mode) != mode:
            yield f"{path} has mode {stat.S_IMODE(found.st_mode):04o}, wanted {mode:04o}"
        names = self.users.get(found.st_uid), self.groups.get(found.st_gid)
        if names != (owner, group):
            yield f"{path} belongs to {names[0]} {names[1]}, wanted {owner} {group}"


def _roles(files: _Files) -> Check:
    """A machine without roles is sound: nobody can release a result there."""
    if not os.path.lexists(files.root / "etc/appliance/roles"):
        return Check("privileges", "roles", ok=True, evidence="none given, so nobody may release")
    wrong = files.deviations(
        "/etc/appliance/roles", stat.S_ISREG, 0o640, "root", "appliance-broker"
    )
    return verdict("privileges", "roles", wrong, "0640 root appliance-broker")


def _users(root: Path) -> Check:
    wanted = [line.split()[1] for line in setting_lines(root / _USERS)]
    entries = [line.split(":") for line in setting_lines(root / "etc/passwd")]
    entries = [entry for entry in entries if entry[0] in wanted]
    missing = set(wanted) - {entry[0] for entry in entries}
    wrong = [f"{name} is missing" for name in sorted(missing)]
    wrong += [f"{entry[0]} is root" for entry in entries if entry[2] == "0"]
    wrong += [f"{entry[0]} has a shell" for entry in entries if "nologin" not in entry[-1]]
    if len({entry[2] for entry in entries}) < len(entries):
        wrong.append("two share a user id")
    if not wanted:
        wrong.append("none is declared")
    return verdict("privileges", "a user per service", wrong, f"{len(wanted)}, without a shell")


def _folders(files: _Files) -> Check:
    declared = [line.split() for line in setting_lines(files.root / _FOLDERS)]
    folders = [words for words in declared if words[0] == "d"]
    wrong = [
        wrong
        for _, path, mode, owner, group, *_ in folders
        for wrong in files.deviations(path, stat.S_ISDIR, int(mode, 8), owner, group)
    ]
    if not folders:
        wrong.append("none is declared")
    return verdict("privileges", "folder ownership", wrong, f"{len(folders)} folders")


def _sockets(files: _Files) -> Iterator[Check]:
    listening = set(_listening(files.root))
    for name, sockets, mode, owner, group in _SOCKETS:
        wrong: list[str] = []
        for path in (f"/run/appliance/{socket}" for socket in sockets):
            wrong += files.deviations(path, stat.S_ISSOCK, mode, owner, group)
            if path not in listening:
                wrong.append(f"no process listens at {path}")
        right = f"{len(sockets)} listening, {mode:04o} {owner} {group}"
        yield verdict("privileges", name, wrong, right)


def _listening(root: Path) -> Iterator[str]:
    """Paths of listening sockets; proc_net_unix(5): the flags are fourth, the path is last."""
    for line in setting_lines(root / "proc/net/unix"):
        found = re.match(r"\S+: \S+ \S+ ([0-9A-F]+) \S+ \S+ +\S+ (/.*)", line)
        if found and int(found[1], 16) & _LISTENING:
            yield found[2]


def _names(file: Path) -> dict[int, str]:
    """Names by id, from passwd(5) or group(5)."""
    entries = (line.split(":") for line in setting_lines(file))
    return {int(entry[2]): entry[0] for entry in entries}
