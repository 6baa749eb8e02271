from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from appliance.cli.framework.memory import LEAST, check_container
from appliance.errors import ResourceError

FEW, MANY = str(LEAST - 1), str(LEAST)
V1, V2 = "sys/fs/cgroup/memory", "sys/fs/cgroup"


def machine(root: Path, groups: str, limits: Mapping[str, str]) -> Path:
    """A machine on which this process is in ``groups``, whose ``limits`` are these files."""
    for name, text in {"proc/self/cgroup": groups, **limits}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")
    return root


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        ("0::/a/b", {f"{V2}/a/b/memory.max": FEW}),
        ("0::/a/b", {f"{V2}/a/b/memory.max": "max", f"{V2}/a/memory.max": FEW}),
        ("0::/", {f"{V2}/memory.max": FEW}),
        ("0::/of/the/host", {f"{V2}/memory.max": FEW}),
        ("4:cpu:/\n9:memory:/a", {f"{V1}/a/memory.limit_in_bytes": FEW}),
        ("9:hugetlb,memory:/host", {f"{V1}/memory.limit_in_bytes": FEW}),
    ],
)
def test_too_small_a_group_is_said(groups: str, limits: Mapping[str, str], tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="too little memory"):
        check_container(machine(tmp_path, groups, limits))


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        ("0::/a", {f"{V2}/a/memory.max": MANY}),
        ("0::/a", {f"{V2}/a/memory.max": "max"}),
        ("9:memory:/a", {f"{V1}/a/memory.limit_in_bytes": str(2**63 - 4096)}),
        ("4:cpu:/", {f"{V1}/memory.limit_in_bytes": FEW}),
        ("0::/a", {}),
        ("", {}),
        ("nonsense", {}),
    ],
)
def test_a_group_that_is_large_enough_or_unknown_is_not(
    groups: str, limits: Mapping[str, str], tmp_path: Path
) -> None:
    check_container(machine(tmp_path, groups, limits))
