"""What is in an update, for people and for programs."""

from __future__ import annotations

from typing import Self

import msgspec

from appliance.cli.framework.output import print_pairs
from appliance.cli.framework.progress import ProgressCallback
from appliance.updating.bundle import Header, Parts, Progress


class UpdateReport(msgspec.Struct, frozen=True):
    """An update. ``signer``: the key that signed it. ``parts``: their sizes and SHA-256."""

    image: str
    version: str
    number: int
    root_hash: str
    signer: str
    parts: Parts

    @classmethod
    def of(cls, header: Header, signer: str) -> Self:
        """The report of a bundle with this ``header``."""
        return cls(
            header.image, header.version, header.number, header.root_hash, signer, header.parts
        )


def print_report(report: UpdateReport) -> None:
    """Print ``report`` as aligned lines."""
    print_pairs(
        [
            ("image", report.image),
            ("version", report.version),
            ("number", str(report.number)),
            ("root hash", report.root_hash),
            ("signed by", report.signer),
            ("root", _part(report.parts.root.size, report.parts.root.sha256)),
            ("verity", _part(report.parts.verity.size, report.parts.verity.sha256)),
            ("uki", _part(report.parts.uki.size, report.parts.uki.sha256)),
        ]
    )


def in_mib(report: ProgressCallback) -> Progress:
    """Reports bytes as MiB, and nothing of files that have less."""

    def progress(done: int, total: int) -> None:
        if total >> 20:
            report(done >> 20, total >> 20)

    return progress


def _part(size: int, sha256: str) -> str:
    return f"{size / 1e6:.1f} MB, SHA-256 {sha256}"
