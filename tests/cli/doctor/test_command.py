"""``appliance doctor``, in processes of its own: it seals them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import time
from typing import Any

import msgspec
import pytest

from appliance.diagnostics.machine_status import read_status
from tests.paths import REPOSITORY

# Root without a single capability, who may do no more than anybody else.
UNPRIVILEGED = ("setpriv", "--inh-caps=-all", "--bounding-set=-all") if not os.getuid() else ()


def doctor(*words: str | Path, before: Sequence[str] = ()) -> tuple[int, Any]:
    """Exit code and the JSON."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "appliance.cli.main", "doctor", "--json", *words],
        capture_output=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert done.stderr == b""
    return done.returncode, msgspec.json.decode(done.stdout)


@pytest.mark.parametrize("before", [(), UNPRIVILEGED], ids=["as-it-is", "unprivileged"])
def test_the_seal_holds_with_and_without_capabilities(before: Sequence[str]) -> None:
    code, found = doctor(before=before)
    assert code == 0
    assert found["ok"]
    layers = {check["name"] for check in found["checks"] if check["group"] == "seal"}
    assert layers == {"rlimits", "landlock", "seccomp", "guard"}
    attempts = {check["name"]: check["evidence"] for check in found["checks"]}
    assert attempts["socket"] == "EPERM"
    assert attempts["io_uring_setup"] == "EPERM"
    assert attempts["open of /"] == "EACCES"


def test_an_altered_pack_is_a_finding(tmp_path: Path) -> None:
    code, found = doctor("--models", tmp_path)
    assert code == 1
    assert [check["group"] for check in found["checks"] if not check["ok"]] == ["models"]
    assert str(tmp_path) not in str(found)


def test_what_it_found_is_left_for_the_screens(tmp_path: Path) -> None:
    left = tmp_path / "status.json"
    left.write_text("as it was before")
    code, found = doctor("--status", left)
    status = read_status(left)
    assert status is not None
    assert status.ok is found["ok"] is (code == 0)
    assert {one.name for one in status.checks} == {check["name"] for check in found["checks"]}
    assert not status.is_old(int(time() * 1000))
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_machine_checks_are_run_on_request() -> None:
    code, found = doctor("--machine")
    installed = Path("/usr/lib/sysctl.d/90-appliance.conf").is_file()
    names = {check["name"]: check["ok"] for check in found["checks"]}
    assert names["hardening installed"] is installed
    assert code == (0 if found["ok"] else 1)


def test_the_table_is_drawn_on_a_narrow_terminal_too() -> None:
    """It is drawn after the seal: nothing may be loaded for it."""
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli.main", "doctor", "--machine"],
        capture_output=True,
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": "50"},
        text=True,
    )
    assert done.stderr == ""
    assert "Checks" in done.stdout
    assert all(len(line) <= 50 for line in done.stdout.splitlines())


@pytest.mark.parametrize("loaded", [True, False])
def test_a_missing_packet_filter_is_found(*, loaded: bool) -> None:
    load = f"nft --file {REPOSITORY / 'hardening/nftables/appliance.nft'} && " if loaded else ""
    alone = ("unshare", "--map-root-user", "--net", "sh", "-c", f'{load}"$@"', "sh")
    _, found = doctor("--machine", before=alone)
    names = {check["name"]: check["ok"] for check in found["checks"]}
    assert names["packet filter drops all"] is loaded
