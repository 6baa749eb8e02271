"""Checks of login and privilege escalation: PAM, terminals, polkit, tokens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor.check import Check, verdict
from appliance.cli.doctor.system import run_tool, setting_lines

# PAM service, the only module that may grant access, and the options that module needs.
_SERVICES = (
    ("appliance", "pam_u2f.so", ("pinverification=1", "userpresence=1")),
    ("appliance-piv", "pam_p11.so", ()),
)
_LOGIND = {"NAutoVTs": "0", "ReserveVT": "0", "HandleSuspendKey": "ignore"}
_LOGIND |= {"HandleHibernateKey": "ignore", "HandleLidSwitch": "ignore"}
_LOGIND |= {"HandleRebootKey": "ignore", "HandlePowerKeyLongPress": "ignore"}
_COREDUMP = {"Storage": "none", "ProcessSizeMax": "0"}
_UDEV = (
    "56-appliance-workspace.rules",
    "72-appliance-token.rules",
    "74-appliance-usb.rules",
    "85-appliance-network.rules",
)
# Whom appliance-accounts.service lists is refused; without the list, everybody is.
_ACCOUNT = {"item=user", "sense=deny", "onerr=fail", "file=/run/appliance-accounts/refused"}
_FIDO_USAGE_PAGE = bytes.fromhex("06d0f1")
_POLKIT = "90-appliance.rules"
# Folders of polkit rules, which are read in the order of file names across all of them; polkit(8).
_POLKIT_FOLDERS = ("etc", "run", "usr/local/share", "usr/share")
_ACTION = "org.freedesktop.login1.reboot"
_DENIED = 1  # exit code of pkcheck(1); 2 means that a password would be asked for


def login_checks(root: Path) -> Iterator[Check]:
    """Whether a token is the only way to log in, and no user can gain privileges."""
    for service, module, wanted in _SERVICES:
        wrong = _pam(root, service, module, wanted)
        yield verdict("login", f"PAM service {service}", wrong, f"{module} alone, no password")
    yield verdict(
        "login", "PAM service other", _other(root), "denies programs without a service of their own"
    )
    yield _effective(root, "logind.conf", _LOGIND, "one terminal, no sleep keys")
    yield _effective(root, "coredump.conf", _COREDUMP, "no core dump is kept")
    yield verdict("login", "no login prompt", _prompts(root), "no getty, login or sshd runs")
    for rules in _UDEV:
        yield verdict("login", f"udev {rules}", _overridden(root, rules), "installed, in force")
    yield verdict("login", "tokens are the broker's", _tokens(root), "and no other HID device")
    yield verdict(
        "login", "polkit rules", _polkit(root), f"{_POLKIT} denies before any other allows"
    )
    yield _polkit_answer()


def _pam(root: Path, service: str, module: str, wanted: tuple[str, ...]) -> Iterator[str]:
    lines = [line.split() for line in setting_lines(root / "etc/pam.d" / service)]
    granting = [words for words in lines if words[0].lstrip("-") == "auth"]
    if any(words[0].startswith("@") or words[1] in ("include", "substack") for words in lines):
        yield "includes another service"
    if [words[:3] for words in granting] != [["auth", "required", module]]:
        yield f"{module} is not the only requirement"
        return
    accounts = [words[1:] for words in lines if words[0].lstrip("-") == "account"]
    if not any(
        words[:2] == ["required", "pam_listfile.so"] and set(words[2:]) == _ACCOUNT
        for words in accounts
    ):
        yield "expired accounts are not refused"
    options = granting[0][3:]
    yield from (f"{option} is missing" for option in wanted if option not in options)
    yield from (f"{option} disables it" for option in ("nouserok", "alwaysok") if option in options)
    if not any(root.glob(f"usr/lib*/**/security/{module}")):
        yield f"{module} is not installed, so no login is possible"


def _other(root: Path) -> Iterator[str]:
    """The service of programs that have none of their own; pam.conf(5)."""
    lines = [line.split() for line in setting_lines(root / "etc/pam.d/other")]
    if not lines or any(words[1:] != ["required", "pam_deny.so"] for words in lines):
        yield "it may grant access"


def _effective(root: Path, file: str, wanted: dict[str, str], right: str) -> Check:
    """Settings of systemd in force: of all its files together, the last value of each."""
    code, text = run_tool("systemd-analyze", f"--root={root}", "cat-config", f"systemd/{file}")
    found = dict(
        line.split("=", 1)
        for line in text.splitlines()
        if "=" in line and not line.startswith(("#", ";"))
    )
    wrong = [
        f"{name} is {found.get(name, 'not set')}, wanted {value}"
        for name, value in wanted.items()
        if found.get(name) != value
    ]
    return verdict("login", file, [text] if code else wrong, right)


def _prompts(root: Path) -> Iterator[str]:
    for process in root.glob("proc/[0-9]*/comm"):
        try:
            name = process.read_text().strip()
        except OSError:
            continue  # the process has ended
        if name in ("agetty", "getty", "login", "sshd"):
            yield f"{name} runs"


def _overridden(root: Path, rules: str) -> Iterator[str]:
    """A file of the same name in /etc or /run replaces the installed one; udev(7)."""
    if not (root / "usr/lib/udev/rules.d" / rules).is_file():
        yield "not installed"
    for folder in ("etc", "run"):
        if (root / folder / "udev/rules.d" / rules).exists():
            yield f"replaced in /{folder}"


def _tokens(root: Path) -> Iterator[str]:
    for device in sorted(root.glob("dev/hidraw*")):
        mode = device.stat().st_mode
        if mode & 0o007:
            yield f"{device.name} is accessible to all users"
        reports = root / "sys/class/hidraw" / device.name / "device/report_descriptor"
        is_token = reports.is_file() and _FIDO_USAGE_PAGE in reports.read_bytes()
        if mode & 0o070 and not is_token:
            yield f"{device.name} is no token, and the broker can read it"


def _polkit(root: Path) -> Iterator[str]:
    files = {
        path.name: path
        for folder in reversed(_POLKIT_FOLDERS)
        for path in (root / folder / "polkit-1/rules.d").glob("*.rules")
    }
    if _POLKIT not in files:
        yield "not installed"
    elif files[_POLKIT] != root / "usr/share/polkit-1/rules.d" / _POLKIT:
        yield f"{_POLKIT} is replaced"
    for name in sorted(files):
        if name < _POLKIT and "polkit.Result.YES" in files[name].read_text():
            yield f"{name} allows something before it"


def _polkit_answer() -> Check:
    """What polkit answers an unprivileged user."""
    name = "polkit denies unprivileged users"
    if os.getuid():
        return Check("login", name, ok=False, evidence="only root can test this; run as root")
    command = f"exec pkcheck --action-id {_ACTION} --process $$"
    code, output = run_tool("sh", "-c", command, user="nobody")
    answers = {_DENIED: "denied", 0: "allowed", 2: "asks for a password"}
    found = answers.get(code, output.strip() or "polkit does not answer")
    return Check("login", name, code == _DENIED, f"{_ACTION}: {found}")
