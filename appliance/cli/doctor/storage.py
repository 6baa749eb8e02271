"""What keeps secrets: the TPM of the ledger's keys, the backend of workspaces."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor.check import (
    Check,
    run_tool,
    setting_lines,
    verdict,
)
from appliance.policy.policy import Policy

_PROGRAMS = ("cryptsetup", "dmsetup", "mke2fs", "debugfs", "blkdiscard")


def storage_checks(root: Path, policy: Policy) -> Iterator[Check]:
    """Whether they are there."""
    yield verdict("ledger", "TPM", _no_tpm(root), "seals its keys and counts its head")
    if policy.workspace.backend == "memory":
        yield verdict("workspace", "memory", _no_tmpfs(root), "tmpfs; nothing outlives its mount")
        return
    yield verdict("workspace", "dm-crypt", _no_dm_crypt(root), "in the kernel, its tools installed")
    if policy.workspace.device is not None:
        wrong = _no_device(root, policy.workspace.device)
        yield verdict("workspace", "device", wrong, "a block device that discards")


def _no_tpm(root: Path) -> Iterator[str]:
    if not (root / "dev/tpmrm0").exists():
        yield "none: whoever has the disk can open the ledger's keys and roll it back"


def _no_tmpfs(root: Path) -> Iterator[str]:
    if "nodev\ttmpfs" not in setting_lines(root / "proc/filesystems"):
        yield "the kernel has no tmpfs"


def _no_dm_crypt(root: Path) -> Iterator[str]:
    devices = list(setting_lines(root / "proc/devices"))
    if not any(line.endswith(" device-mapper") for line in devices):
        yield "the kernel has no device-mapper"
    code, said = run_tool("dmsetup", "targets")
    targets = [line.split()[0] for line in said.splitlines() if line] if not code else []
    if "crypt" not in targets:
        yield "the kernel's device-mapper does not encrypt"
    yield from (
        f"{program} is not installed"
        for program in _PROGRAMS
        if not any((root / folder / program).exists() for folder in ("usr/sbin", "usr/bin", "sbin"))
    )


def _no_device(root: Path, device: str) -> Iterator[str]:
    try:
        found = (root / device.lstrip("/")).resolve()
        mode = found.stat().st_mode
    except OSError:
        yield "the device that the policy names is not there"
        return
    if not stat.S_ISBLK(mode):
        yield "what the policy names is no block device"
        return
    most = root / "sys/class/block" / found.name / "queue/discard_max_bytes"
    if not most.is_file() or most.read_text().strip() == "0":
        yield "it does not discard blocks"
