"""Who may set a machine up, and what a bundle becomes on it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.audit.entries.events.machine import ProvisioningReason
from appliance.provisioning.document import Signer
from appliance.provisioning.people import USER_IDS
from appliance.provisioning.place import Place
from appliance.provisioning.problem import ProvisionError
from appliance.provisioning.refusal import RefusedError
from appliance.session.login import has_one_token, names
from appliance.session.roles import held_by
from appliance.signatures.minisign import SecretKey
from tests.provisioning.site import (
    ANNA,
    BEN,
    CLEO,
    MALLORY,
    OSCAR,
    POLICY,
    Machine,
    bundle,
    document,
    person,
    release_files,
    sealed,
)

TWO = (Signer("cleo", CLEO.public.line), Signer("ben", BEN.public.line))


def refused(machine: Machine, data: bytes) -> ProvisioningReason:
    before = machine.files()
    with pytest.raises(RefusedError) as caught:
        machine.start_with(data)
    assert machine.files() == before
    return caught.value.reason


@pytest.mark.parametrize("keys", [(), (ANNA,), (ANNA, MALLORY), (MALLORY, OSCAR)])
def test_the_first_bundle_needs_two_of_its_own_signers(
    machine: Machine, keys: Sequence[SecretKey]
) -> None:
    assert refused(machine, bundle(keys=keys)) == "signatures"
    machine.start_with(bundle(keys=(MALLORY, ANNA, BEN)))
    present = machine.place.present()
    assert present is not None
    assert present.trust == "first-use"


def test_a_later_bundle_needs_two_signers_of_the_present_one(machine: Machine) -> None:
    machine.start_with(bundle(number=1))
    mine = (Signer("mallory", MALLORY.public.line), Signer("oscar", OSCAR.public.line))
    for keys in ((MALLORY, OSCAR), (ANNA, MALLORY), (ANNA,)):
        assert refused(machine, bundle(number=2, signers=mine, keys=keys)) == "signatures"
    # Anna hands over to Cleo.
    machine.start_with(bundle(number=2, signers=TWO))
    for keys in ((ANNA, BEN), (ANNA, CLEO)):
        assert refused(machine, bundle(number=3, keys=keys)) == "signatures"
    machine.start_with(bundle(number=3, keys=(CLEO, BEN)))
    present = machine.place.present()
    assert present is not None
    assert (present.number, present.trust) == (3, "signers")


def test_without_a_tpm_the_number_rises_too(machine: Machine) -> None:
    machine.start_with(bundle(number=5))
    for number in (1, 4):
        assert refused(machine, bundle(number=number)) == "number"
    assert machine.restart() == 5


def test_a_bundle_of_another_appliance_is_refused(machine: Machine) -> None:
    machine.start_with(bundle(number=1))
    assert refused(machine, bundle(number=2, appliance="ward-4")) == "appliance"
    machine.start_with(bundle(number=2))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"policy": "session:\n  idle_seconds: 1\n"}, "policy"),
        ({"people": (person("root"),)}, "people"),
    ],
)
def test_a_signed_bundle_that_is_not_sound_changes_nothing(
    machine: Machine, changes: dict[str, object], reason: str
) -> None:
    machine.start_with(bundle(number=1))
    assert refused(machine, bundle(document(number=2, **changes))) == reason
    assert machine.restart() == 1


def test_what_nobody_signed_is_not_parsed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.start_with(bundle(number=1))
    forged = bundle(number=2, keys=(MALLORY, OSCAR))
    monkeypatch.setattr("appliance.provisioning.document.Document.decoded", None)
    assert refused(machine, forged) == "signatures"


def test_files_have_the_modes_that_the_machine_needs(machine: Machine) -> None:
    on_device = POLICY.replace("backing: file", "backing: device\n  device: /dev/vg/work")
    machine.start_with(
        bundle(number=1, policy=on_device, workspace_device="/dev/vg/work", release=release_files())
    )
    site = machine.place.site
    wanted = {
        ".": 0o755,
        "policy.yaml": 0o644,
        "tokens": 0o640,
        "roles": 0o640,
        "workspace-device": 0o644,
        "provisioned.json": 0o644,
        "userdb": 0o755,
        "userdb/dora.user": 0o644,
        "release-keys": 0o700,
        "release-keys/release.key": 0o600,
    }
    assert {name: stat.S_IMODE((site / name).stat().st_mode) for name in wanted} == wanted
    assert (site / "policy.yaml").read_text() == on_device
    assert (site / "workspace-device").read_text() == "/dev/vg/work\n"


def test_two_files_belong_to_the_brokers_group(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine")
    machine.place = Place(machine.place.site, machine.place.release_keys, os.getgid() + 4242)
    machine.start_with(bundle(number=1))
    owned = {path.name: path.stat().st_gid - os.getgid() for path in machine.place.site.iterdir()}
    assert {name for name, group in owned.items() if group == 4242} == {"tokens", "roles"}


def test_login_and_roles_read_what_was_written(machine: Machine) -> None:
    machine.start_with(bundle(number=1))
    tokens = machine.place.site / "tokens"
    assert names(tokens) == {"dora", "emil"}
    assert has_one_token("dora", tokens)
    roles = (machine.place.site / "roles").read_text()
    assert held_by("emil", roles) == frozenset({"approver", "auditor"})


def test_people_are_users_without_a_shell_and_those_who_left_are_none(machine: Machine) -> None:
    machine.start_with(bundle(number=1))
    folder = machine.place.site / "userdb"
    record = json.loads((folder / "emil.user").read_text())
    assert record["uid"] in USER_IDS
    assert record["shell"] == "/usr/sbin/nologin"
    assert not {"privileged", "hashedPassword"} & record.keys()
    assert (folder / f"{record['uid']}.user").readlink() == Path("emil.user")
    machine.start_with(bundle(number=2, people=(person("emil", "clinician"), person("frida"))))
    kept = json.loads((folder / "emil.user").read_text())
    assert kept["uid"] == record["uid"]
    fresh = json.loads((folder / "frida.user").read_text())
    assert fresh["uid"] not in {record["uid"], USER_IDS.start}  # dora's is not given away yet
    assert not (folder / "dora.user").exists()
    assert names(machine.place.site / "tokens") == {"emil", "frida"}


def test_keys_for_releases_are_sealed_and_handed_out(machine: Machine) -> None:
    keys = release_files()
    machine.start_with(bundle(number=1, release=keys))
    handed = {path.name: path.read_bytes() for path in machine.place.release_keys.iterdir()}
    assert handed == {name: sealed(name, data) for name, data in keys.files().items()}
    everything = b"".join(path.read_bytes() for path in machine.folder.rglob("*") if path.is_file())
    assert keys.key.encode() not in everything
    # A copy that was lost comes back; without keys in a bundle they stay.
    (machine.place.release_keys / "release.key").unlink()
    machine.restart()
    assert (machine.place.release_keys / "release.key").exists()
    machine.start_with(bundle(number=2))
    assert len(list(machine.place.release_keys.iterdir())) == 4


def test_what_the_machine_shows_stays_until_the_next_start(machine: Machine) -> None:
    machine.start_with(bundle(number=1))
    machine.restart()
    shown = os.open(machine.place.site, os.O_PATH)
    try:
        machine.provisioning.apply(bundle(number=2))
        os.stat("tokens", dir_fd=shown)
        with pytest.raises(ProvisionError, match="since the machine started"):
            machine.provisioning.apply(bundle(number=3))
    finally:
        os.close(shown)
    assert machine.restart() == 2
    machine.start_with(bundle(number=3))


def test_a_full_disk_leaves_what_was(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.start_with(bundle(number=1))
    machine.restart()
    before = machine.files()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(ProvisionError, match="no space"):
            machine.provisioning.apply(bundle(number=2))
    assert machine.files() == before
    assert machine.restart() == 1


def test_a_damaged_record_does_not_make_a_new_machine(machine: Machine) -> None:
    machine.start_with(bundle(number=1))
    (machine.place.site / "provisioned.json").write_bytes(b"{}")
    with pytest.raises(ProvisionError, match="cannot be read"):
        machine.start_with(bundle(number=2))


def test_what_was_changed_by_hand_is_found(machine: Machine) -> None:
    machine.start_with(bundle(number=1))
    present = machine.place.present()
    assert present is not None
    assert present.deviations(machine.place.site) == []
    (machine.place.site / "roles").write_text("dora:approver\n")
    (machine.place.site / "userdb/emil.user").unlink()
    assert sorted(present.deviations(machine.place.site)) == ["roles", "userdb/emil.user"]
