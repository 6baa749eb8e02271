"""At the start of a machine: where a bundle comes from, and what reaches the ledger."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.audit.entries.events import AnyEvent, Provisioned, ProvisioningRefused
from appliance.audit.entries.events.machine import ProvisioningReason
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import ApplianceError, LedgerError, TpmError
from appliance.provisioning import __main__ as program
from appliance.provisioning.applying import digest_of_file
from appliance.provisioning.bundle import LIMIT, NAME, Bundle
from appliance.provisioning.factory_reset import FactoryReset
from appliance.provisioning.numbers import Numbers
from appliance.provisioning.problem import ProvisionError
from appliance.provisioning.refusal import RefusedError
from appliance.provisioning.sources import CREDENTIAL, from_credential, from_disc
from appliance.provisioning.starting import Outcome, Source, Start
from appliance.provisioning.to_log import ToLog
from tests.provisioning.site import ANNA, MALLORY, OSCAR, Machine, bundle

SOUND, FORGED = bundle(number=1), bundle(number=2, keys=(MALLORY, OSCAR))
RESETTING = bundle(number=2, factory_reset=True)


class Place:
    """A machine at its start, with what it logs and says."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        folder.mkdir()
        self.machine = machine
        self.to_log = ToLog(folder, machine.place)
        self.said: list[ApplianceError] = []
        self.logged: list[AnyEvent] = []

    def run(self, *sources: Source) -> Outcome:
        return Start(self.machine.provisioning, self.to_log, self.said.append).run(sources)

    def start(self, *sources: Source) -> bool:
        """Whether what is in force may be used."""
        return self.run(*sources) is Outcome.USABLE

    def log(self) -> list[AnyEvent]:
        """What reaches the ledger now."""
        self.logged.clear()
        self.to_log.log(self.logged.extend)
        return self.logged


@pytest.fixture
def place(machine: Machine, tmp_path: Path) -> Place:
    return Place(machine, tmp_path / "state")


def source(data: bytes | None) -> Source:
    return lambda: data


def test_the_first_source_with_a_bundle_counts(place: Place) -> None:
    assert place.start(source(None), source(SOUND), source(FORGED))
    assert place.machine.restart() == 1
    assert place.said == []


def test_nothing_to_take_is_done_quietly(place: Place) -> None:
    assert place.start(source(None), source(None))
    assert place.said == []
    assert place.log() == []
    assert list(place.to_log.folder.iterdir()) == []


def test_a_bundle_that_was_applied_is_logged_once(place: Place) -> None:
    place.start(source(SOUND))
    digest = Bundle.parse(SOUND).digest.hex()
    assert place.log() == [Provisioned(1, digest, "first-use")]
    place.start(source(SOUND))  # it is still in the drive
    assert place.log() == []


def test_a_refused_bundle_leaves_the_machine_as_it_is_and_is_logged(place: Place) -> None:
    place.start(source(SOUND))
    place.log()
    assert place.start(source(FORGED))
    assert place.machine.restart() == 1
    assert [error.message for error in place.said] == [
        "The bundle is not signed by two of the people that the present bundle names."
    ]
    assert place.log() == [ProvisioningRefused("signatures", digest_of_file(FORGED))]
    assert place.log() == []


def test_what_the_ledger_does_not_take_stays_for_later(place: Place) -> None:
    place.start(source(FORGED))
    place.start(source(SOUND))

    def gone(_events: Sequence[AnyEvent]) -> None:
        raise LedgerError("gone", "later")

    with pytest.raises(LedgerError):
        place.to_log.log(gone)
    assert [type(event) for event in place.log()] == [ProvisioningRefused, Provisioned]


def test_refusals_that_are_kept_have_an_end(place: Place) -> None:
    for _ in range(40):
        place.start(source(b"no bundle"))
    assert len(place.log()) == 16


def test_the_ledger_takes_the_events(place: Place) -> None:
    place.start(source(FORGED))
    place.start(source(SOUND))
    with EmbeddedAudit() as audit:
        place.to_log.log(audit.client.append_all)
    assert place.log() == []


def test_a_disk_that_is_too_old_is_not_used(
    with_tpm: Machine, numbers: Numbers, tmp_path: Path
) -> None:
    place = Place(with_tpm, tmp_path / "state")
    assert place.start(source(SOUND))
    numbers.counter.increment()
    assert not place.start(source(bundle(number=2)))
    assert place.log()[:1] == [ProvisioningRefused("rolled-back")]


def test_a_bundle_asks_for_a_reset_and_the_empty_machine_takes_it(
    with_tpm: Machine, tmp_path: Path
) -> None:
    place = Place(with_tpm, tmp_path / "state")
    place.start(source(SOUND))
    assert place.run(source(RESETTING)) is Outcome.RESET
    assert with_tpm.restart() == 1, "nothing changes before all is erased"
    emptied = Place(Machine(tmp_path / "new", with_tpm.numbers), tmp_path / "new-state")
    assert emptied.start(source(RESETTING))
    assert emptied.machine.restart() == 2
    assert emptied.start(source(RESETTING)), "it is still in the drive, and erases nothing"
    assert emptied.said == []


def test_a_reset_helps_a_disk_that_is_too_old(
    with_tpm: Machine, numbers: Numbers, tmp_path: Path
) -> None:
    place = Place(with_tpm, tmp_path / "state")
    place.start(source(SOUND))
    numbers.counter.increment()
    assert place.run(source(RESETTING)) is Outcome.UNUSABLE
    assert place.run(source(bundle(number=3, factory_reset=True))) is Outcome.RESET


@pytest.mark.parametrize(
    ("asking", "reason"),
    [
        (bundle(number=2, factory_reset=True, keys=(MALLORY, OSCAR)), "signatures"),
        (bundle(number=2, factory_reset=True, keys=(ANNA,)), "signatures"),
        (bundle(number=1, factory_reset=True), "number"),
        (bundle(number=102, factory_reset=True), "step"),
        (bundle(number=2, factory_reset=True, appliance="ward-4"), "appliance"),
        (bundle(number=2, factory_reset=True, policy="no: policy"), "policy"),
    ],
)
def test_nobody_else_asks_for_a_reset(
    place: Place, asking: bytes, reason: ProvisioningReason
) -> None:
    place.start(source(SOUND))
    place.log()
    assert place.run(source(asking)) is Outcome.USABLE
    assert place.machine.restart() == 1
    assert place.log() == [ProvisioningRefused(reason, digest_of_file(asking))]


def test_a_bundle_that_asks_for_a_reset_is_not_applied_without_one(place: Place) -> None:
    place.start(source(SOUND))
    with pytest.raises(ProvisionError, match="erased first"):
        place.machine.provisioning.apply(RESETTING)
    assert place.machine.restart() == 1


def test_a_tpm_that_does_not_answer_is_no_licence(
    with_tpm: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(with_tpm, tmp_path / "state")
    assert place.start(source(SOUND))
    monkeypatch.setenv("TPM2TOOLS_TCTI", "swtpm:path=/nowhere")
    assert not place.start(source(None))
    assert isinstance(place.said[-1], TpmError)


def test_a_tpm_that_fails_in_the_middle_is_made_good_at_the_next_start(
    with_tpm: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(with_tpm, tmp_path / "state")
    place.start(source(SOUND))

    def silent(_self: Numbers, _number: int) -> None:
        raise TpmError("It is silent.", "Look.")

    with monkeypatch.context() as patched:
        patched.setattr(Numbers, "raise_to", silent)
        assert not place.start(source(bundle(number=2)))
    assert place.start(source(None))
    assert with_tpm.restart() == 2


def test_a_credential_is_read_and_a_large_one_refused(tmp_path: Path) -> None:
    assert from_credential(tmp_path) is None
    (tmp_path / CREDENTIAL).write_bytes(SOUND)
    assert from_credential(tmp_path) == SOUND
    (tmp_path / CREDENTIAL).write_bytes(bytes(LIMIT + 1))
    with pytest.raises(RefusedError) as caught:
        from_credential(tmp_path)
    assert caught.value.reason == "unreadable"


def test_the_program_takes_a_disc_and_logs_it_later(
    with_tpm: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    monkeypatch.setattr("appliance.provisioning.place.Place.of_machine", lambda: with_tpm.place)
    # It would drop the way to the software TPM.
    monkeypatch.setattr(program, "scrub_environment", lambda: None)
    logged: list[AnyEvent] = []
    monkeypatch.setattr(program, "_log", logged.extend)
    drive = disc(tmp_path, NAME, SOUND)

    def call(*words: object) -> int:
        monkeypatch.setattr("sys.argv", ["", *map(str, words), "--state", str(state)])
        return program.main()

    assert call("--drive", drive) == 0
    assert logged == []
    assert call("--log") == 0
    assert [type(event) for event in logged] == [Provisioned]
    assert (with_tpm.place.site / "tokens").exists()
    # A reset is another unit's to do: this one leaves word, and nothing may run.
    monkeypatch.setattr(program, "RESET_WANTED", tmp_path / "factory-reset")
    assert call("--drive", disc(tmp_path / "again", NAME, RESETTING)) == 1
    assert program.RESET_WANTED.exists()
    steps: list[str] = []
    for step in ("erase", "restart"):
        monkeypatch.setattr(FactoryReset, step, lambda _self, step=step: steps.append(step))
    assert call("--reset") == 0
    assert steps == ["erase", "restart"]
    # An older disk: nothing may run on it.
    assert with_tpm.numbers is not None
    with_tpm.numbers.counter.increment()
    assert call("--drive", drive) == 1


def disc(folder: Path, name: str, data: bytes) -> Path:
    """An image of a disc with one file."""
    (folder / "tree" / name).parent.mkdir(parents=True)
    (folder / "tree" / name).write_bytes(data)
    image = folder / "disc.iso"
    subprocess.run(
        ["/usr/bin/xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", image, folder / "tree"],
        check=True,
    )
    return image


def test_a_disc_is_read_without_a_mount(tmp_path: Path) -> None:
    assert from_disc(disc(tmp_path, NAME, SOUND)) == SOUND


@pytest.mark.parametrize("name", ["another.bundle", f"folder/{NAME}"])
def test_a_disc_without_a_bundle_in_its_root_has_none(tmp_path: Path, name: str) -> None:
    assert from_disc(disc(tmp_path, name, SOUND)) is None


def test_no_disc_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "blank").write_bytes(bytes(1 << 20))
    for path in (tmp_path / "blank", tmp_path / "none", Path(os.devnull)):
        assert from_disc(path) is None


def test_a_large_or_damaged_disc_is_refused(tmp_path: Path) -> None:
    image = disc(tmp_path, NAME, bytes(LIMIT + 1))
    with pytest.raises(RefusedError) as caught:
        from_disc(image)
    assert caught.value.reason == "unreadable"
    image.write_bytes(image.read_bytes()[: 40 * 2048])
    with pytest.raises(RefusedError):
        from_disc(image)
