"""When units start, what must be there before, and what passes between them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from appliance.tpm.tools import LONGEST
from appliance.wire.activation import WATCHDOG_INTERVAL
from tests.hardening.installed_units import HARDENING, INSTALLED, UNITS, settings
from tests.paths import REPOSITORY


@pytest.mark.parametrize(
    "unit", ["appliance-token-removed@.service", "appliance-usb-refused@.service"]
)
def test_a_device_cannot_start_a_unit_without_end(root: Path, unit: str) -> None:
    found = settings(root, unit)
    assert int(found["StartLimitBurst"]) <= 5
    assert found["StartLimitIntervalSec"] not in ("0", "infinity")
    assert found["Slice"] == "appliance-events.slice"
    # systemd may forget how often a unit was started when it unloads it. One that still runs is not
    # started again, and this holds it.
    (seconds,) = re.findall(r"/usr/bin/sleep (\d+)$", found["ExecStartPost"])
    assert int(seconds) >= 1


def test_without_the_packet_filter_nothing_is_served(root: Path) -> None:
    lines = (root / INSTALLED / "appliance-broker.service").read_text().splitlines()
    for needs in ("Requires", "After"):
        wanted = {
            unit
            for line in lines
            if line.startswith(f"{needs}=")
            for unit in line.split("=")[1].split()
        }
        assert "appliance-firewall.service" in wanted
    # Debian's own would load other rules, which begin with "flush ruleset".
    assert (root / "etc/systemd/system/nftables.service").readlink() == Path("/dev/null")


def test_the_ledger_is_not_counted_before_the_boot_was_recorded(root: Path) -> None:
    lines = (root / INSTALLED / "appliance-audit-checkpoint.service").read_text().splitlines()
    for needs in ("Requires", "After"):
        (line,) = [line for line in lines if line.startswith(f"{needs}=")]
        assert "appliance-boot-record.service" in line
    # A daemon that is started again must not take what was recorded away.
    record = (root / INSTALLED / "appliance-boot-record.service").read_text()
    assert "\nRequires=" not in record
    assert "\nRemainAfterExit=yes\n" in record


def test_on_an_old_disk_nothing_is_served(root: Path) -> None:
    broker = (root / INSTALLED / "appliance-broker.service").read_text()
    assert "Requires=appliance-provision.service\n" in broker
    assert re.search(r"(?m)^After=.*\bappliance-provision\.service", broker)
    # It is done before anything reads the site's files, and cannot wait for the ledger.
    provision = (root / INSTALLED / "appliance-provision.service").read_text()
    (before,) = re.findall(r"(?m)^Before=(.*)$", provision)
    reading = {
        path.name
        for path in (root / INSTALLED).glob("appliance-*.service")
        if "/etc/appliance/" in path.read_text()
        # Sockets of a session start these, after the broker; the doctor comes after it too.
        if not re.match(r"appliance-(worker|releaser|auditor|doctor)", path.name)
    }
    assert len(reading) >= 3
    assert reading <= {*before.split()}


def test_what_waits_for_the_site_s_keys_is_decided_after_the_bundle_of_this_boot() -> None:
    conditional = [
        path
        for path in (HARDENING / "systemd").glob("appliance-*")
        if path.is_file()
        and re.search(
            r"(?m)^Condition\w+=/(etc/appliance|var/lib/appliance-release)", path.read_text()
        )
    ]
    assert [path.name for path in conditional] == ["appliance-releaser@.socket"]
    for path in conditional:
        unit = path.read_text()
        assert re.search(r"(?m)^After=.*appliance-provision\.service", unit)
        # Ordered before sockets.target, as sockets are by default, this would be a cycle.
        assert "DefaultDependencies=no\n" in unit
        assert re.search(r"(?m)^Before=.*appliance-broker\.service", unit)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("audit", "audit"),
        ("auditor", "auditor"),
        ("broker", "session"),
        ("burner", "burner"),
        ("disc", "disc_reader"),
        ("releaser@", "releaser"),
        ("worker@", "worker"),
    ],
)
def test_a_socket_is_passed_under_the_name_that_the_service_asks_for(
    name: str, module: str
) -> None:
    unit = (HARDENING / f"systemd/appliance-{name}.socket").read_text()
    (passed,) = re.findall(r"^FileDescriptorName=(.*)$", unit, re.MULTILINE)
    code = (REPOSITORY / f"appliance/{module}/__main__.py").read_text()
    assert re.findall(r'(?:listening_socket|one_connection)\([\w.]+, "(.*)"\)', code) == [passed]


@pytest.mark.parametrize("name", ["audit", "broker", "burner", "disc"])
def test_the_watchdog_waits_for_several_messages(name: str) -> None:
    unit = (HARDENING / f"systemd/appliance-{name}.service").read_text()
    (minutes,) = re.findall(r"^WatchdogSec=(\d+)min$", unit, re.MULTILINE)
    assert "Type=notify\n" in unit
    assert int(minutes) * 60 >= 3 * WATCHDOG_INTERVAL


def _seconds(span: str) -> int:
    found = re.fullmatch(r"(\d+)(s|min|h|)", span)
    assert found is not None, span
    return int(found[1]) * {"": 1, "s": 1, "min": 60, "h": 3600}[found[2]]


def _waits_for_the_tpm(unit: str) -> bool:
    """Whether its processes call the TPM, or systemd does, to decrypt what they are given."""
    text = (HARDENING / "systemd" / unit).read_text()
    return "/dev/tpmrm0 rw" in text or "LoadCredentialEncrypted=" in text


@pytest.mark.parametrize("unit", [unit for unit in UNITS if _waits_for_the_tpm(unit)])
def test_a_unit_waits_longer_than_one_call_of_the_tpm_may_take(root: Path, unit: str) -> None:
    found = settings(root, unit)
    # Without a line systemd waits 90 seconds, but for this type without end (systemd.service(5)).
    if "TimeoutStartSec" in found or found["Type"] != "oneshot":
        assert _seconds(found["TimeoutStartSec"]) >= 2 * LONGEST
