"""Packs of stand-ins, as an operator would make them of the files they have."""

from __future__ import annotations

import hashlib
from pathlib import Path

from appliance.inference.families import ROLES
from tests.inference import standins

FACEFUSION = ("inswapper", "arcface", "gfpgan", "xseg", "bisenet", "real-esrgan-x2")


def write_standins(folder: Path, *families: str, batched: bool = False) -> Path:
    """Make ``folder`` a pack of tiny stand-ins for ``families``, with honest digests."""
    folder.mkdir(exist_ok=True)
    lines = ["format = 1", 'name = "operator"']
    for family in families:
        data = standins.model(family, batched=batched).SerializeToString()
        (folder / f"{family}.onnx").write_bytes(data)
        lines += [
            "[[entry]]",
            f'file = "{family}.onnx"',
            f'sha256 = "{hashlib.sha256(data).hexdigest()}"',
            f"size = {len(data)}",
            f'family = "{family}"',
            f'role = "{ROLES[family]}"',
            'licence = "MIT"',
            'conversion = "none"',
            'source = { registry = "none", package = "test", version = "1", member = "model" }',
        ]
    (folder / "manifest.toml").write_text("\n".join(lines))
    return folder
