"""The installed udev rules, as udev's own parser reads them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

RULES = sorted((REPOSITORY / "hardening/udev").glob("*.rules"))
# A folder of the test's own in the place of the machine's rules. Nothing is run.
_RUN = 'mount --bind "$1" /etc/udev && exec udevadm test --action=add /sys/class/net/lo 2>&1'


def _complaints(folder: Path) -> list[str]:
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _RUN, "sh"]
    done = subprocess.run([*command, folder], capture_output=True, text=True, check=False)
    ours = [line for line in done.stdout.splitlines() if "/etc/udev/rules.d/" in line]
    read = [line for line in ours if line.startswith("Reading rules file")]
    assert len(read) == len(list((folder / "rules.d").iterdir()))
    # Users and groups are those of an installed machine.
    there = ("Unknown user", "Unknown group")
    return [line for line in ours if line not in read and not any(one in line for one in there)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.d").mkdir()
    for rules in RULES:
        (tmp_path / "rules.d" / rules.name).write_text(rules.read_text())
    return tmp_path


def test_udev_understands_every_line(folder: Path) -> None:
    assert _complaints(folder) == []
    (folder / "rules.d/99-bad.rules").write_text('SUBSYSTEM=="net", FOO=="x"\n')
    assert len(_complaints(folder)) >= 1


def test_devices_are_given_to_users_that_an_installed_machine_has() -> None:
    known = (REPOSITORY / "hardening/sysusers/appliance.conf").read_text()
    given = {
        name
        for rules in RULES
        for name in re.findall(r'(?:OWNER|GROUP):?="(appliance-\w+)"', rules.read_text())
    }
    assert {"appliance-broker", "appliance-burner", "appliance-disc"} <= given
    assert given <= set(re.findall(r"^u! (\S+) ", known, re.MULTILINE))


def test_no_command_holds_what_a_device_says_of_itself() -> None:
    for rules in RULES:
        for command in re.findall(r'RUN\+="(.*)"$', rules.read_text(), re.MULTILINE):
            used = set(re.findall(r"[$%]\w+(?:\{\w+\})?", command))
            # Names and numbers that the kernel gives, and a word of our own rules.
            assert used <= {"$env{appliance_kind}", "$kernel", "$id", "%k", "$attr{ifindex}"}


def test_only_fido_tokens_are_the_broker_s() -> None:
    text = (REPOSITORY / "hardening/udev/72-appliance-token.rules").read_text()
    lines = [
        line for line in text.splitlines() if "appliance-broker" in line or "token-removed" in line
    ]
    assert len(lines) == 2
    assert all('ENV{ID_FIDO_TOKEN}=="1"' in line for line in lines)


@pytest.mark.parametrize("name", ["72-appliance-drive.rules", "72-appliance-token.rules"])
def test_devices_are_given_away_in_time(name: str) -> None:
    # After the rules that find tokens out and that give devices away, before those that act on it.
    assert name in {rules.name for rules in RULES}
    assert "70-uaccess.rules" < name < "73-seat-late.rules"


def test_the_burner_writes_a_drive_and_the_disc_reader_reads_it() -> None:
    text = (REPOSITORY / "hardening/udev/72-appliance-drive.rules").read_text()
    drive, generic = (line for line in text.splitlines() if line.startswith("SUBSYSTEM"))
    given = ('OWNER:="appliance-burner"', 'GROUP:="appliance-disc"', 'MODE:="0640"')
    assert all(part in drive for part in given)
    for service, access in (("burner", "rw"), ("disc", "r")):
        unit = (REPOSITORY / f"hardening/systemd/appliance-{service}.service").read_text()
        assert re.findall(r"^DeviceAllow=(.*)$", unit, re.MULTILINE) == [f"block-sr {access}"]
        assert f"User=appliance-{service}\n" in unit
    assert all(part in generic for part in ('GROUP:="root"', 'MODE:="0600"'))
    assert all('TAG-="uaccess"' in line for line in (drive, generic))


def test_a_disc_is_not_probed_by_root() -> None:
    (line,) = [
        line
        for line in (REPOSITORY / "hardening/udev/57-appliance-disc.rules").read_text().splitlines()
        if not line.startswith("#")
    ]
    flag = "ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}"
    assert f'{flag}="1"' in line
    assert 'KERNEL=="sr[0-9]*"' in line
    probing = Path("/usr/lib/udev/rules.d/60-persistent-storage.rules").read_text()
    assert f'{flag}=="1", GOTO="persistent_storage_end"' in probing
    assert probing.index(flag) < probing.index('IMPORT{builtin}="blkid"')
    # udev is to know no other rule that looks into a disc.
    others = [
        rules.name
        for rules in Path("/usr/lib/udev/rules.d").glob("*.rules")
        if "blkid" in rules.read_text() and "dm" not in rules.name
    ]
    assert {*others} <= {"60-persistent-storage.rules", "64-btrfs.rules"}


def test_no_file_system_of_a_disc_is_loaded_at_boot() -> None:
    unit = (REPOSITORY / "hardening/systemd/appliance-modules.service").read_text()
    loaded = {*re.findall(r"modprobe@(\w+)\.service", unit)}
    conf = (REPOSITORY / "hardening/modprobe.d/appliance.conf").read_text()
    kept_out = {*re.findall(r"^install (\w+) /bin/false$", conf, re.MULTILINE)}
    assert {"ext4", "sr_mod"} <= loaded  # the control
    assert {"isofs", "udf"} <= kept_out
    assert not loaded & kept_out
