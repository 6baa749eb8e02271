"""Checks of what protects stored secrets: the TPM, the backend of workspaces."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor.check import Check, verdict
from appliance.cli.doctor.system import run_tool, setting_lines
from appliance.policy.policy import Policy

_PROGRAMS = ("cryptsetup", "dmsetup", "mke2fs", "debugfs", "blkdiscard")


def storage_checks(root: Path, policy: Policy) -> Iterator[Check]:
    """Whether the TPM and the workspace backend of ``policy`` are available."""
    yield verdict("ledger", "TPM", _no_tpm(root), "seals the keys and counts the checkpoints")
    if policy.workspace.backend == "memory":
        yield verdict(
            "workspace", "memory", _no_tmpfs(root), "tmpfs; its content ends with its mount"
        )
        return
    yield verdict(
        "workspace", "dm-crypt", _no_dm_crypt(root), "kernel support and tools are installed"
    )
    if policy.workspace.device is not None:
        wrong = _no_device(root, policy.workspace.device)
        yield verdict("workspace", "device", wrong, "a block device with discard")


def _no_tpm(root: Path) -> Iterator[str]:
    if not (root / "dev/tpmrm0").exists():
        yield "none: anyone with the disk can read the ledger's keys and roll the ledger back"


def _no_tmpfs(root: Path) -> Iterator[str]:
    if "nodev\ttmpfs" not in setting_lines(root / "proc/filesystems"):
        yield "the kernel has no tmpfs"


def _no_dm_crypt(root: Path) -> Iterator[str]:
    devices = list(setting_lines(root / "proc/devices"))
    if not any(line.endswith(" device-mapper") for line in devices):
        yield "the kernel has no device-mapper"
    code, output = run_tool("dmsetup", "targets")
    targets = [line.split()[0] for line in output.splitlines() if line] if not code else []
    if "crypt" not in targets:
        yield "the kernel's device-mapper does not encrypt"
    yield from (
        f"{program} is not installed"
        for program in _PROGRAMS
        if not any((root / folder / program).exists() for folder in ("usr/sbin", "usr/bin", "sbin"))
    )


def _no_device(root: Path, device: str) -> Iterator[str]:
    if device not in setting_lines(root / "etc/appliance/workspace-device"):
        yield "root has not named it in workspace-device"
    try:
        found = (root / device.lstrip("/")).resolve()
        mode = found.stat().st_mode
    except OSError:
        yield "the device that the policy names does not exist"
        return
    if not stat.S_ISBLK(mode):
        yield "what the policy names is not a block device"
        return
    limit = root / "sys/class/block" / found.name / "queue/discard_max_bytes"
    if not limit.is_file() or limit.read_text().strip() == "0":
        yield "it does not support discard"
