"""``appliance attest`` with a software TPM, judged by ``appliance-verify`` and tpm2-tools."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.audit import standalone
from appliance.cli.framework.exit_boundary import run_command
from appliance.cli.main import appliance as command
from tests.attestation.image import FIRMWARE, BootedImage, extend, extended, free_objects

NONCE = "a1" * 32
OTHER_NONCE = "a2" * 32
PCR7 = extended(bytes(32), FIRMWARE[7]).hex()

Document = dict[str, Any]


def attested(folder: Path, nonce: str = NONCE) -> Path:
    """An attestation of this machine."""
    free_objects()
    output = folder / "attestation.json"
    output.unlink(missing_ok=True)
    assert run_command(command, ["attest", "--nonce", nonce, "--output", str(output)]) == 0
    return output


def fingerprint(attestation: Path) -> str:
    return sha256(base64.b64decode(json.loads(attestation.read_text())["key"])).hexdigest()


def verified(attestation: Path, image: BootedImage, *more: str, nonce: str = NONCE) -> int:
    """The exit code of ``appliance-verify attest``."""
    options = ["--nonce", nonce, "--measurements", str(image.measurements), *more]
    return standalone.main(["attest", str(attestation), *options])


def judged(attestation: Path, folder: Path, nonce: str = NONCE) -> bool:
    """Whether tpm2_checkquote finds signature, nonce and registers sound."""
    found = json.loads(attestation.read_text())
    key = base64.b64decode(found["key"])
    files = {
        "key": len(key).to_bytes(2) + key,
        "quote": base64.b64decode(found["quote"]),
        "signature": base64.b64decode(found["signature"]),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    public, message, signature = (str(folder / name) for name in files)
    tool = ["/usr/bin/tpm2_checkquote", "-u", public, "-m", message, "-s", signature]
    done = subprocess.run([*tool, "-q", nonce, "-g", "sha256"], capture_output=True, check=False)
    return done.returncode == 0


def changed(attestation: Path, change: Callable[[Document], object]) -> Path:
    """A copy with a change to what it holds, written as the appliance would."""
    found = json.loads(attestation.read_text())
    change(found)
    copy = attestation.with_name("changed.json")
    copy.write_text(json.dumps(found, sort_keys=True, separators=(",", ":")) + "\n")
    return copy


def test_a_sound_attestation_is_found_sound(
    booted: BootedImage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attestation = attested(tmp_path)
    key = fingerprint(attestation)
    assert key in capsys.readouterr().out
    assert judged(attestation, tmp_path)
    assert verified(attestation, booted, "--ak", key, "--pcr7", PCR7) == 0
    out = capsys.readouterr().out
    assert out.startswith("sound: version 0.1.0, number 1, was running\n")
    assert "phase enter-initrd:leave-initrd:sysinit:ready" in out
    assert verified(attestation, booted, "--ak", f"000b{key}", "--pcr7", PCR7) == 0


@pytest.mark.parametrize(
    ("more", "what"), [((), "whose TPM"), (("--pcr7", PCR7), "whose TPM"), ((), "PCR 7")]
)
def test_what_was_not_checked_is_printed_and_the_exit_code_is_another(
    booted: BootedImage,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    what: str,
) -> None:
    attestation = attested(tmp_path)
    assert verified(attestation, booted, *more) == 3
    assert f"not checked: {what}" in capsys.readouterr().out


def test_no_byte_can_be_altered(booted: BootedImage, tmp_path: Path) -> None:
    sound = attested(tmp_path).read_bytes()
    altered = tmp_path / "altered.json"
    altered.write_bytes(sound)
    assert verified(altered, booted) == 3
    for at in range(len(sound)):
        for bit in (0x01, 0x20):  # another digit or letter, another case
            altered.write_bytes(sound[:at] + bytes([sound[at] ^ bit]) + sound[at + 1 :])
            assert verified(altered, booted) == 1, (at, bit)
    for shorter in (sound[:-1], sound[:100], b""):
        altered.write_bytes(shorter)
        assert verified(altered, booted) == 1
    altered.write_bytes(sound + b"\n")
    assert verified(altered, booted) == 1


def restated(name: str, change: Callable[[bytes], bytes]) -> Callable[[Document], object]:
    """A change to bytes that are in base64."""

    def changing(found: Document) -> None:
        found[name] = base64.b64encode(change(base64.b64decode(found[name]))).decode()

    return changing


def replaced(name: str, data: bytes) -> Callable[[Document], object]:
    """Other bytes in the place of those that are in base64."""
    return restated(name, lambda _: data)


def swapped(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["pcrs"].update({"4": "00" * 32, "0": "11" * 32}), "registers"),
        (lambda d: d["pcrs"].pop("12"), "lacks registers"),
        (lambda d: d["pcrs"].update({"13": "00" * 32}), "has others"),
        (lambda d: d["pcrs"].update({"12": ""}), "lacks registers"),
        (lambda d: d["image"].update({"number": 2}), "the measurements"),
        (lambda d: d["image"].pop("roothash"), "the measurements"),
        (lambda d: d.update({"nonce": OTHER_NONCE}), "another nonce"),
        (lambda d: d.update({"version": 2}), "newer kind"),
        (
            restated("quote", lambda q: swapped(q, 4, b"\x80\x17")),
            "wrong",
        ),
        (restated("quote", lambda q: swapped(q, 0, b"\xfe")), "signature"),
        # A key that signs whatever it is given could have signed a quote that no TPM made.
        (restated("key", lambda k: swapped(k, 5, b"\x04")), "signs nothing but"),
        (restated("key", lambda k: swapped(k, 17, b"\x04")), "signs nothing but"),
        (restated("key", lambda k: k + b"\0"), "signs nothing but"),
    ],
)
def test_what_was_changed_is_refused(
    booted: BootedImage,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Document], object],
    reason: str,
) -> None:
    attestation = attested(tmp_path)
    assert verified(changed(attestation, lambda _: None), booted) == 3
    assert verified(changed(attestation, change), booted) == 1
    assert reason in capsys.readouterr().out.splitlines()[-1]


def own_quote(
    key: ec.EllipticCurvePrivateKey, found: Document, message: bytes, attributes: bytes
) -> Document:
    """An attestation that somebody signed with a key of their own, outside of any TPM."""
    numbers = key.public_key().public_numbers()
    x, y = (value.to_bytes(32) for value in (numbers.x, numbers.y))
    head = swapped(base64.b64decode(found["key"])[:20], 4, attributes)
    public = head + b"\0\x20" + x + b"\0\x20" + y
    name = b"\0\x0b" + sha256(public).digest()
    signer = b"\0\x0b" + sha256(bytes.fromhex("4000000b") + name).digest()
    signed = swapped(message, 8, signer)
    return {
        **found,
        "key": base64.b64encode(public).decode(),
        "quote": base64.b64encode(signed).decode(),
        "signature": base64.b64encode(key.sign(signed, ec.ECDSA(hashes.SHA256()))).decode(),
    }


def test_a_quote_by_a_key_that_says_it_is_of_a_tpm_needs_the_fingerprint(
    booted: BootedImage, tmp_path: Path
) -> None:
    attestation = attested(tmp_path)
    key, genuine = ec.generate_private_key(ec.SECP256R1()), fingerprint(attestation)
    restricted, free = bytes.fromhex("00050072"), bytes.fromhex("00040072")

    def forging(attributes: bytes) -> Callable[[Document], object]:
        return lambda found: found.update(
            own_quote(key, found, base64.b64decode(found["quote"]), attributes)
        )

    assert verified(attestation, booted, "--ak", genuine, "--pcr7", PCR7) == 0
    forged = changed(attestation, forging(restricted))
    # Who has no fingerprint cannot know; the exit code says so, and here is why.
    assert verified(forged, booted, "--pcr7", PCR7) == 3
    assert judged(forged, tmp_path)
    assert verified(forged, booted, "--ak", genuine, "--pcr7", PCR7) == 1
    assert verified(changed(attestation, forging(free)), booted, "--pcr7", PCR7) == 1


@pytest.mark.parametrize("phases", [1, 2, 3, 4])
def test_each_phase_of_the_start_is_known(
    tpm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phases: int
) -> None:
    assert tpm.is_socket()
    image = BootedImage(tmp_path / "image")
    image.start(phases)
    image.found_by(monkeypatch)
    assert verified(attested(tmp_path), image) == 3
    extend(11, b"a phase that is not published")
    assert verified(attested(tmp_path), image) == 1


def test_systemd_measures_an_image_as_these_tests_do(tmp_path: Path) -> None:
    image = BootedImage(tmp_path / "image")
    options = ["calculate", "--bank=sha256", "--json=short"]
    for name, data in image.sections():
        (tmp_path / name.decode()).write_bytes(data)
        options.append(f"--{name.decode().removeprefix('.')}={tmp_path / name.decode()}")
    wanted = image.published()["pcr11"]
    options += [f"--phase={phase}" for phase in wanted]
    done = subprocess.run(
        ["/usr/lib/systemd/systemd-measure", *options], capture_output=True, check=True
    )
    assert {one["phase"]: one["hash"] for one in json.loads(done.stdout)["sha256"]} == wanted


def test_tpm2_checkquote_agrees_on_what_is_unsound(booted: BootedImage, tmp_path: Path) -> None:
    attestation = attested(tmp_path)
    assert judged(attestation, tmp_path)
    for name in ("quote", "signature"):
        found = base64.b64decode(json.loads(attestation.read_text())[name])
        for at in range(0, len(found), 7):
            spoiled = swapped(found, at, bytes([found[at] ^ 1]))
            unsound = changed(attestation, replaced(name, spoiled))
            assert verified(unsound, booted) == 1
            assert not judged(unsound, tmp_path)


def test_the_certificate_of_the_tpms_maker_comes_along(booted: BootedImage, tmp_path: Path) -> None:
    assert "certificate" not in json.loads(attested(tmp_path).read_text())
    made = tmp_path / "certificate.der"
    made.write_bytes(b"0\x82a certificate")
    index = "0x01c0000a"
    size = ("-s", str(made.stat().st_size), "-a", "ownerread|ownerwrite|authread|authwrite|no_da")
    for tool in (("tpm2_nvdefine", "-C", "o", *size), ("tpm2_nvwrite", "-C", "o", "-i", str(made))):
        subprocess.run(["/usr/bin/" + tool[0], *tool[1:], index], check=True, capture_output=True)
    found = json.loads(attested(tmp_path).read_text())
    assert base64.b64decode(found["certificate"]) == made.read_bytes()
    assert verified(tmp_path / "attestation.json", booted) == 3


def test_the_key_outlives_a_clear_by_the_owner(booted: BootedImage, tmp_path: Path) -> None:
    before = fingerprint(attested(tmp_path))
    subprocess.run(["/usr/bin/tpm2_clear"], check=True, capture_output=True)
    assert fingerprint(attested(tmp_path)) == before
    assert booted.root


@pytest.mark.parametrize("nonce", ["", "ab", "A1" * 32, "zz" * 32, "a1" * 33])
def test_a_nonce_that_no_tpm_takes_is_wrong_usage(
    booted: BootedImage, tmp_path: Path, nonce: str
) -> None:
    output = tmp_path / "attestation.json"
    assert run_command(command, ["attest", "--nonce", nonce, "--output", str(output)]) == 2
    assert not output.exists()
    assert verified(attested(tmp_path), booted) == 3


def test_without_a_tpm_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPM2TOOLS_TCTI", "swtpm:path=/nowhere")
    output = tmp_path / "attestation.json"
    assert run_command(command, ["attest", "--nonce", NONCE, "--output", str(output)]) == 16
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--nonce", NONCE, "--checkpoint", "note", "--key", "key"),
        ("--checkpoint", "note"),
        ("--nonce", NONCE, "--key", "key"),
        ("--nonce", "no hex"),
    ],
)
def test_what_cannot_be_checked_is_wrong_usage(
    options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        standalone.main(["attest", "file", "--measurements", "file", *options])
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_the_program_alone_checks_it(booted: BootedImage, tmp_path: Path) -> None:
    attestation = attested(tmp_path)
    program = Path(shutil.copy(standalone.__file__, tmp_path / "verify.py"))
    options = ["--nonce", NONCE, "--measurements", str(booted.measurements), "--pcr7", PCR7]
    done = subprocess.run(
        [sys.executable, "-I", program, "attest", attestation, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("sound: version 0.1.0")


def test_another_nonce_is_refused(booted: BootedImage, tmp_path: Path) -> None:
    attestation = attested(tmp_path)
    assert verified(attestation, booted) == 3
    assert judged(attestation, tmp_path)
    assert verified(attestation, booted, nonce=OTHER_NONCE) == 1
    assert not judged(attestation, tmp_path, OTHER_NONCE)


def test_the_measurements_of_another_image_are_refused(booted: BootedImage, tmp_path: Path) -> None:
    attestation = attested(tmp_path)
    assert verified(attestation, booted) == 3
    assert verified(attestation, BootedImage(tmp_path / "other", root="5b" * 32)) == 1


def test_an_injected_command_line_or_credential_is_refused(
    booted: BootedImage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verified(attested(tmp_path), booted) == 3
    extend(12, b"init=/bin/sh")
    assert verified(attested(tmp_path), booted) == 1
    assert "PCR 12 is not zero" in capsys.readouterr().out


def test_another_tpm_and_another_secure_boot_are_refused(
    booted: BootedImage, tmp_path: Path
) -> None:
    attestation = attested(tmp_path)
    key = fingerprint(attestation)
    assert verified(attestation, booted, "--ak", key, "--pcr7", PCR7) == 0
    assert verified(attestation, booted, "--ak", "00" * 32, "--pcr7", PCR7) == 1
    assert verified(attestation, booted, "--ak", key, "--pcr7", "00" * 32) == 1
