"""The ledger's keys: sealed to the TPM, in no file of any disk, and in use."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.lab.guest.visitor import (
    Broker,
    all_events,
    main_process,
    refusal,
    shell,
    verify_the_ledger,
)

SEALED = Path("/var/lib/appliance-audit-keys")
KEYS = ("log.skey", "pseudonym.key")
UNIT = "appliance-audit.service"
_WITHOUT_TPM = """
mount --bind /dev/null /dev/tpmrm0
mount -t tmpfs none /sys/class/tpmrm
exec systemd-creds decrypt --name="$1" "$2" -
"""


@pytest.fixture(scope="module")
def keys() -> dict[str, bytes]:
    """As the daemon has them, in its own view of files."""
    shell(f"systemctl start {UNIT}")
    folder = f"/proc/{main_process(UNIT)}/root/run/credentials/{UNIT}"
    return {name: (Path(folder) / name).read_bytes() for name in KEYS}


def test_the_keys_are_sealed_to_the_tpm_and_what_is_sealed_does_not_hold_them(
    keys: dict[str, bytes],
) -> None:
    assert Path("/dev/tpmrm0").exists()
    assert keys["log.skey"].startswith(b"PRIVATE+KEY+")
    for name in KEYS:
        sealed = SEALED / name
        assert keys[name] not in sealed.read_bytes()
        opened = subprocess.run(
            ["systemd-creds", "decrypt", f"--name={name}", str(sealed), "-"],
            capture_output=True,
            check=True,
        )
        assert opened.stdout == keys[name]
        # Without the TPM the disk alone opens nothing.
        alone = subprocess.run(
            ["unshare", "--mount", "sh", "-c", _WITHOUT_TPM, "sh", name, str(sealed)],
            capture_output=True,
            check=False,
        )
        assert alone.returncode != 0
        assert keys[name] not in alone.stdout


def test_no_disk_has_them_in_clear(keys: dict[str, bytes]) -> None:
    secret = keys["log.skey"].rsplit(b"+", 1)[-1].strip()
    needles = (secret, keys["pseudonym.key"])
    # Those that can be written; all else of this machine is a picture of it, or memory.
    disks = [Path(name) for name in shell("lsblk -dnpo NAME -Q 'RO==0'").split()]
    assert disks
    for disk in disks:
        tail = b""
        with disk.open("rb") as raw:
            while chunk := raw.read(1 << 24):
                assert not any(needle in tail + chunk for needle in needles), disk
                tail = chunk[-200:]


def test_the_look_at_the_disk_would_find_them() -> None:
    planted = Path("/var/lib/planted")
    planted.write_bytes(b"PLANTED-CANARY-OF-THE-KEYS")
    shell("sync; echo 3 > /proc/sys/vm/drop_caches")
    source = shell("findmnt -no SOURCE /var/lib")
    try:
        assert shell(f"grep -c PLANTED-CANARY-OF-THE-KEYS {source} || true") == "1"
    finally:
        planted.unlink()


def test_the_daemon_signs_with_them_and_nobody_else_reads_them() -> None:
    before = len(all_events())
    broker = Broker()
    assert refusal(lambda: broker.open("stranger")) == "LoginRefused"
    broker.hang_up()
    assert len(all_events()) > before
    assert verify_the_ledger()
    for user in ("appliance-broker", "appliance-w0"):
        for path in (f"/run/credentials/{UNIT}/log.skey", f"{SEALED}/log.skey"):
            command = f"setpriv --reuid {user} --clear-groups cat {path} >/dev/null 2>&1; echo $?"
            assert shell(command) != "0"


def test_an_older_copy_of_all_disks_is_found_by_the_counter_of_the_tpm() -> None:
    shell("systemctl start appliance-audit-checkpoint.service")
    counted = [event for event in all_events() if event["kind"] == "checkpoint-anchored"]
    assert counted[-1]["anchor"] == "tpm"
    assert verify_the_ledger("--tpm 0x01800100")
    shell("cp -a /var/lib/appliance-audit /run/older; cp -a /var/lib/appliance-audit-anchor /run/")
    for _ in range(2):
        shell("systemctl start appliance-audit-checkpoint.service")
    older = "--ledger /run/older/ledger --anchor /run/appliance-audit-anchor/checkpoint"
    said = shell(f"python3 -m appliance.cli.main audit verify {older} --tpm 0x01800100; echo $?")
    assert said.splitlines()[-1] == "10"
    assert verify_the_ledger("--tpm 0x01800100")
