"""Checks of what releases need: the site's keys, their certificate, the sockets of releasers."""

from __future__ import annotations

import datetime as dt
import stat
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from appliance.cli.doctor.check import Check, verdict
from appliance.cli.doctor.system import run_tool
from appliance.policy.policy import MOST_SLOTS

_KEYS = "var/lib/appliance-release-keys"
_CERTIFICATE = "release.pem"
_NAMES = (_CERTIFICATE, "release.key", "watermark.key", "anchor.pem")
_SOON = 90  # days; below them the certificate is to be replaced
_LEAST = 0o077  # of a mode: what others than the owner may do


def release_checks(root: Path, now: dt.datetime | None = None) -> Iterator[Check]:
    """Whether results can be released. A machine without keys is sound: it releases none."""
    folder = root / _KEYS
    if not any((folder / name).exists() for name in _NAMES):
        evidence = "none installed, so nothing can be released"
        yield Check("releases", "keys", ok=True, evidence=evidence)
        return
    yield verdict("releases", "keys", _wrong_keys(folder), f"{len(_NAMES)}, for root alone")
    yield _certificate(folder / _CERTIFICATE, now or dt.datetime.now(dt.UTC))
    yield verdict("releases", "sockets", _missing_sockets(root), f"{MOST_SLOTS} there")


def _wrong_keys(folder: Path) -> Iterator[str]:
    for name in _NAMES:
        try:
            found = (folder / name).lstat()
        except OSError:
            yield f"{name} is missing"
            continue
        if not stat.S_ISREG(found.st_mode) or found.st_uid:
            yield f"{name} is not a file of root"
        if found.st_mode & _LEAST:
            yield f"{name} is open to others"


def _certificate(path: Path, now: dt.datetime) -> Check:
    """How long it lasts; systemd decrypts it as it does for a releaser."""
    code, text = run_tool("systemd-creds", "decrypt", f"--name={_CERTIFICATE}", str(path), "-")
    wrong, right = [], ""
    try:
        days = (x509.load_pem_x509_certificate(text.encode()).not_valid_after_utc - now).days
    except ValueError:
        wrong.append("it cannot be decrypted here" if code else "it is none")
    else:
        right = f"{days} days left"
        if days < _SOON:
            wrong.append(right if days >= 0 else "it has expired")
    return verdict("releases", "certificate", wrong, right)


def _missing_sockets(root: Path) -> Iterator[str]:
    for slot in range(MOST_SLOTS):
        path = f"run/appliance/releaser/w{slot}.sock"
        try:
            there = stat.S_ISSOCK((root / path).lstat().st_mode)
        except OSError:
            there = False
        if not there:
            yield f"/{path} is missing"
