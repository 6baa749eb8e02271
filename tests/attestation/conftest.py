"""A software TPM for each test, whose registers hold what a start of the image leaves in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attestation.image import BootedImage
from tests.software_tpm import software_tpm


@pytest.fixture
def tpm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The socket of a TPM that nothing was measured into yet, which tpm2-tools find."""
    with software_tpm(tmp_path, monkeypatch) as socket:
        yield socket


@pytest.fixture
def booted(tpm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BootedImage:
    """The image after its start, as `appliance attest` finds it on this machine."""
    assert tpm.is_socket()
    image = BootedImage(tmp_path / "image")
    image.start()
    image.found_by(monkeypatch)
    return image
