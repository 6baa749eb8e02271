"""The installed files and the code of bundles name the same things."""

from __future__ import annotations

import re

import pytest

from appliance.provisioning import factory_reset, people, place, to_log
from appliance.provisioning.__main__ import RESET_WANTED
from appliance.provisioning.sources import CREDENTIAL
from tests.paths import REPOSITORY

HARDENING = REPOSITORY / "hardening"
UNIT = (HARDENING / "systemd/appliance-provision.service").read_text()
LOG_UNIT = (HARDENING / "systemd/appliance-provision-log.service").read_text()


def test_the_unit_passes_the_credential_that_the_code_reads() -> None:
    # Without a path: systemd takes what the firmware gave it, and a missing one is no failure.
    assert re.findall(r"(?m)^LoadCredential=(.*)$", UNIT) == [CREDENTIAL]


def test_the_units_reach_the_folders_of_the_code() -> None:
    assert place.SITE.parent == place.RELEASE_KEYS.parent
    assert f"ReadWritePaths={place.SITE.parent}\n" in UNIT
    assert f"RequiresMountsFor={place.SITE}\n" in UNIT
    assert f"ReadWritePaths=-{place.SITE}\n" in LOG_UNIT
    for unit in (UNIT, LOG_UNIT):
        assert f"StateDirectory={to_log.FOLDER.name}\n" in unit


def test_a_reset_is_asked_for_where_its_unit_looks() -> None:
    """What the one unit leaves for the other outlives it, although it ends as failed."""
    unit = (HARDENING / "systemd/appliance-factory-reset.service").read_text()
    assert f"ConditionPathExists={RESET_WANTED}\n" in unit
    assert "After=appliance-provision.service\n" in unit
    assert f"RuntimeDirectory={RESET_WANTED.parent.name}\n" in UNIT
    assert "RuntimeDirectoryPreserve=yes\n" in UNIT
    assert f"-{factory_reset.VARIABLE.parent}" in unit
    broker = (HARDENING / "systemd/appliance-broker.service").read_text()
    assert "Requires=appliance-provision.service\n" in broker


def test_people_are_found_where_they_are_written() -> None:
    lines = (HARDENING / "tmpfiles/appliance.conf").read_text().splitlines()
    (link,) = [line.split() for line in lines if line.startswith("L ")]
    assert link[1] == "/run/userdb"  # nss-systemd(8)
    assert link[-1] == f"/etc/appliance/{people.FOLDER}"


def test_the_mount_of_the_site_waits_for_the_bundle() -> None:
    (before,) = re.findall(r"(?m)^Before=(.*)$", UNIT)
    assert "etc-appliance.mount" in before.split()


@pytest.mark.parametrize("name", ["disc", "provision", "update"])
def test_what_lists_a_disc_may_give_up_what_it_may_do(name: str) -> None:
    """The sealed program keeps the rights to other users' files, and gives up all others."""
    unit = (HARDENING / f"systemd/appliance-{name}.service").read_text()
    exceptions = HARDENING / f"systemd/appliance-{name}.service.d/20-exceptions.conf"
    (given,) = re.findall(r"(?m)^CapabilityBoundingSet=(.*)$", unit)
    to_drop = {*given.split()} - {"CAP_DAC_OVERRIDE", "CAP_FOWNER"}
    allowed = re.findall(r"(?m)^SystemCallFilter=(.*)$", exceptions.read_text())
    assert bool(to_drop) is any("capset" in line.split() for line in allowed)
