"""From a folder to a machine, by the command line."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from appliance.provisioning import place as places
from tests.cli.conftest import CANARY, Call, Outcome
from tests.provisioning.site import (
    ANNA,
    BEN,
    CLEO,
    MALLORY,
    POLICY,
    release_files,
    token,
)

SIGNERS = {"anna": ANNA, "ben": BEN}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a site puts together, with names that nothing may print."""
    made = tmp_path / CANARY
    made.mkdir()
    keys = "".join(f'{name} = "{key.public.line}"\n' for name, key in SIGNERS.items())
    (made / "site.toml").write_text(f'appliance = "ward-3"\n[signers]\n{keys}')
    (made / "policy.yaml").write_text(POLICY)
    (made / "tokens").write_text(f"# by pamu2fcfg\ndora:{token('D')}\nemil:{token('E')}\n")
    (made / "roles").write_text("dora:clinician\nemil:approver,auditor\n")
    for name, key in (*SIGNERS.items(), ("cleo", CLEO), ("mallory", MALLORY)):
        (tmp_path / f"{name}.key").write_text(key.text(None))
    return made


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a machine has in force."""
    (tmp_path / "keys").mkdir()
    place = places.Place(tmp_path / "site", tmp_path / "keys", os.getgid())
    monkeypatch.setattr(places.Place, "of_machine", lambda: place)
    return place.site


def make(call: Call, folder: Path, number: int, *signers: str) -> Path:
    bundle = folder.parent / f"{number}.bundle"
    assert call("provision", "make", folder, bundle, "--number", str(number)).code == 0
    for name in signers:
        key = folder.parent / f"{name}.key"
        assert call("provision", "sign", bundle, "--key", key).code == 0
    return bundle


def apply(call: Call, bundle: Path) -> Outcome:
    return call("provision", "apply", bundle, "--without-tpm")


def test_a_bundle_is_made_signed_checked_and_applied(
    call: Call, folder: Path, machine: Path
) -> None:
    bundle = make(call, folder, 1, "anna", "ben")
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    checked = call("provision", "check", bundle, "--json")
    assert checked.code == 0
    assert checked.json["people"] == {"dora": ["clinician"], "emil": ["approver", "auditor"]}
    assert checked.json["signed_by"] == ["anna", "ben"]
    assert not checked.json["secret"]
    done = apply(call, bundle)
    assert done.code == 0
    # The words on paper, in the check and on the machine are the same twelve.
    words = checked.json["words"]
    assert len(words.split()) == 12
    made = call("provision", "make", folder, folder.parent / "again", "--number", "1")
    assert words in made.out
    assert words in done.out
    assert (machine / "policy.yaml").read_text() == POLICY
    assert (machine / "tokens").read_text().startswith("dora:")
    assert "in force already" in apply(call, bundle).out


@pytest.mark.parametrize("signers", [(), ("anna",), ("anna", "mallory")])
def test_too_few_signatures_are_refused(
    call: Call, folder: Path, machine: Path, signers: tuple[str, ...]
) -> None:
    bundle = make(call, folder, 1, *signers)
    assert call("provision", "check", bundle).code == 17
    assert apply(call, bundle).code == 17
    assert not machine.exists()


@pytest.mark.usefixtures("machine")
def test_a_later_bundle_is_checked_against_the_one_before(call: Call, folder: Path) -> None:
    first = make(call, folder, 1, "anna", "ben")
    site = folder / "site.toml"
    site.write_text(site.read_text().replace(BEN.public.line, CLEO.public.line))
    second = make(call, folder, 2, "anna", "cleo")
    assert call("provision", "check", second).code == 0  # as a first one
    assert call("provision", "check", second, "--previous", first).code == 17
    apply(call, first)
    assert apply(call, second).code == 17
    third = make(call, folder, 3, "anna", "ben")
    assert call("provision", "check", third, "--previous", first).code == 0


def test_a_bundle_with_a_private_key_says_that_it_is_a_secret(call: Call, folder: Path) -> None:
    assert (
        "secret            no"
        in call("provision", "make", folder, folder.parent / "open", "--number", "1").out
    )
    (folder / "release").mkdir()
    for name, data in release_files().files().items():
        (folder / "release" / name).write_bytes(data)
    made = call("provision", "make", folder, folder.parent / "secret", "--number", "1")
    assert "secret            yes: it holds the private key" in made.out
    checked = call("provision", "check", folder.parent / "secret", "--json")
    assert checked.json["secret"]
    assert release_files().key not in checked.out


def test_a_bundle_that_erases_says_so_to_who_signs_it(call: Call, folder: Path) -> None:
    bundle = folder.parent / "reset"
    words = ("provision", "make", folder, bundle, "--number", "2")
    assert "YES: the machine first erases" in call(*words, "--factory-reset").out
    assert "YES: the machine first erases" in call("provision", "check", bundle).out
    assert call("provision", "check", bundle, "--json").json["factory_reset"]
    assert "factory reset     no" in call("provision", "check", make(call, folder, 1)).out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("site.toml", "appliance = 3"),
        ("site.toml", 'appliance = "ward-3"\n[signers]\nanna = "x"\n'),
        ("site.toml", "not TOML"),
        ("policy.yaml", "session: {idle_seconds: 1}\n"),
        ("tokens", "dora\n"),
        ("tokens", f"dora:{token('D')}:{token('E')}\n"),
        ("tokens", f"dora:{token('D')}\ndora:{token('E')}\n"),
        ("roles", "dora:boss\n"),
        ("roles", "frida:clinician\n"),
        ("workspace-device", "/dev/sdb\n"),
    ],
)
def test_a_folder_that_is_not_sound_makes_no_bundle(
    call: Call, folder: Path, name: str, text: str
) -> None:
    (folder / name).write_text(text)
    bundle = folder.parent / "spoilt"
    assert call("provision", "make", folder, bundle, "--number", "1").code == 17
    assert not bundle.exists()


def test_a_missing_file_is_named_by_its_kind(call: Call, folder: Path) -> None:
    (folder / "policy.yaml").unlink()
    made = call("provision", "make", folder, folder.parent / "none", "--number", "1")
    assert made.code == 3
    assert call("provision", "check", folder.parent / "none").code == 3


def test_a_bundle_is_never_written_over(call: Call, folder: Path) -> None:
    bundle = make(call, folder, 1, "anna")
    before = bundle.read_bytes()
    assert call("provision", "make", folder, bundle, "--number", "2").code == 7
    again = call("provision", "sign", bundle, "--key", folder.parent / "anna.key")
    assert again.code == 17
    assert bundle.read_bytes() == before


def test_another_machine_is_no_appliance(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_name: str) -> None:
        raise KeyError

    monkeypatch.setattr("grp.getgrnam", nobody)
    done = apply(call, make(call, folder, 1, "anna", "ben"))
    assert done.code == 17
    assert "no appliance" in done.err
