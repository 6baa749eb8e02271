"""``appliance attest`` with a software TPM, judged by ``appliance-verify`` and tpm2-tools."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

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
