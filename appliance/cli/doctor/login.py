"""Ways in and up: login, other terminals, what asks for a password, and tokens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor.check import (
    Check,
    run_tool,
    setting_lines,
    verdict,
)

# Service of PAM, the one module that may let in, and what it must be told.
_SERVICES = (
    ("appliance", "pam_u2f.so", ("pinverification=1", "userpresence=1")),
    ("appliance-piv", "pam_p11.so", ()),
)
_LOGIND = {"NAutoVTs": "0", "ReserveVT": "0", "HandleSuspendKey": "ignore"}
_LOGIND |= {"HandleHibernateKey": "ignore", "HandleLidSwitch": "ignore"}
_COREDUMP = {"Storage": "none", "ProcessSizeMax": "0"}
_UDEV = (
    "56-appliance-workspace.rules",
    "70-appliance-token.rules",
    "85-appliance-network.rules",
)
_POLKIT = "90-appliance.rules"
# polkitd reads these in this order of the names of the files in all of them; polkit(8).
_POLKIT_PLACES = ("etc", "run", "usr/local/share", "usr/share")
_ASKED = "org.freedesktop.login1.reboot"
_DENIED = 1  # exit code of pkcheck(1); 2 would be a question for a password


def login_checks(root: Path) -> Iterator[Check]:
    """Whether a token is the only way in, and there is none further up."""
    for service, module, wanted in _SERVICES:
        wrong = _pam(root, service, module, wanted)
        yield verdict("entry", f"PAM service {service}", wrong, f"{module} alone, no password")
    yield verdict("entry", "PAM service other", _other(root), "denies what has no service")
    yield _effective(root, "logind.conf", _LOGIND, "one terminal, no keys for sleep")
    yield _effective(root, "coredump.conf", _COREDUMP, "no dump is kept")
    yield verdict("entry", "no login waits", _waiting(root), "no getty and no login runs")
    for rules in _UDEV:
        yield verdict("entry", f"udev {rules}", _overridden(root, rules), "installed, in force")
    yield verdict("entry", "tokens are the broker's", _tokens(root), "no other may open one")
    yield verdict("entry", "polkit's rules", _polkit(root), f"{_POLKIT} denies before any allows")
    yield _polkit_asked()


def _pam(root: Path, service: str, module: str, wanted: tuple[str, ...]) -> Iterator[str]:
    lines = [line.split() for line in setting_lines(root / "etc/pam.d" / service)]
    login = [words for words in lines if words[0].lstrip("-") == "auth"]
    if any(words[0].startswith("@") or words[1] in ("include", "substack") for words in lines):
        yield "includes another service"
    if [words[:3] for words in login] != [["auth", "required", module]]:
        yield f"{module} is not all that is asked"
        return
    said = login[0][3:]
    yield from (f"{option} is missing" for option in wanted if option not in said)
    yield from (f"{option} lets in" for option in ("nouserok", "alwaysok") if option in said)
    if not any(root.glob(f"usr/lib*/**/security/{module}")):
        yield f"{module} is not installed, so nobody gets in"


def _other(root: Path) -> Iterator[str]:
    """pam.conf(5): what a program gets whose own service is missing."""
    asked = [line.split() for line in setting_lines(root / "etc/pam.d/other")]
    if [words for words in asked if words[1:] != ["required", "pam_deny.so"]] or not asked:
        yield "it may let in"


def _effective(root: Path, file: str, wanted: dict[str, str], right: str) -> Check:
    """Settings of systemd as all its files together say, the last one for each."""
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
    return verdict("entry", file, [text] if code else wrong, right)


def _waiting(root: Path) -> Iterator[str]:
    for process in root.glob("proc/[0-9]*/comm"):
        try:
            name = process.read_text().strip()
        except OSError:
            continue  # it ended meanwhile
        if name in ("agetty", "getty", "login", "sshd"):
            yield f"{name} runs"


def _overridden(root: Path, rules: str) -> Iterator[str]:
    """udev(7): a file of the same name in /etc or /run takes the place of the installed one."""
    if not (root / "usr/lib/udev/rules.d" / rules).is_file():
        yield "not installed"
    for folder in ("etc", "run"):
        if (root / folder / "udev/rules.d" / rules).exists():
            yield f"replaced in /{folder}"


def _tokens(root: Path) -> Iterator[str]:
    for device in sorted(root.glob("dev/hidraw*")):
        if device.stat().st_mode & 0o007:
            yield f"{device.name} is open to everybody"


def _polkit(root: Path) -> Iterator[str]:
    files = {
        path.name: path
        for place in reversed(_POLKIT_PLACES)
        for path in (root / place / "polkit-1/rules.d").glob("*.rules")
    }
    if _POLKIT not in files:
        yield "not installed"
    elif files[_POLKIT] != root / "usr/share/polkit-1/rules.d" / _POLKIT:
        yield f"{_POLKIT} is replaced"
    for name in sorted(files):
        if name < _POLKIT and "polkit.Result.YES" in files[name].read_text():
            yield f"{name} allows something before"


def _polkit_asked() -> Check:
    """Ask it, as somebody without rights would."""
    name = "polkit denies a stranger"
    if os.getuid():
        return Check("entry", name, ok=False, evidence="only root can ask for another; run as root")
    asking = f"exec pkcheck --action-id {_ASKED} --process $$"
    code, said = run_tool("sh", "-c", asking, user="nobody")
    answers = {_DENIED: "denied", 0: "allowed", 2: "asks for a password"}
    found = answers.get(code, said.strip() or "polkit does not answer")
    return Check("entry", name, code == _DENIED, f"{_ASKED}: {found}")
