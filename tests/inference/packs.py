"""Packs of stand-ins, made as an operator makes a pack of files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import onnx

from appliance.inference.families import ROLES
from appliance.inference.importing import sign
from appliance.signatures.minisign import SecretKey
from tests.inference import standins

FACEFUSION = ("inswapper", "arcface", "gfpgan", "xseg", "bisenet", "real-esrgan-x2")


KEY = SecretKey(b"standins", bytes(range(32)))


def write_standins(
    folder: Path,
    *families: str,
    batched: bool = False,
    licence: str = "MIT",
    change: Callable[[str, onnx.ModelProto], None] = lambda _family, _model: None,
) -> Path:
    """Make ``folder`` a valid pack of tiny stand-ins for ``families``, signed by ``KEY``.

    ``change`` is given each family with its model before that is written.
    """
    folder.mkdir(exist_ok=True)
    lines = ["format = 1", 'name = "operator"']
    for family in families:
        model = standins.model(family, batched=batched)
        change(family, model)
        data = model.SerializeToString()
        (folder / f"{family}.onnx").write_bytes(data)
        lines += [
            "[[entry]]",
            f'file = "{family}.onnx"',
            f'sha256 = "{hashlib.sha256(data).hexdigest()}"',
            f"size = {len(data)}",
            f'family = "{family}"',
            f'role = "{ROLES[family]}"',
            f'licence = "{licence}"',
            'use = "any"',
            'conversion = "none"',
            'source = { registry = "none", package = "test", version = "1", member = "model" }',
        ]
    sign(folder, "\n".join(lines).encode(), "operator", KEY)
    return folder


def write_policy(path: Path, key: SecretKey = KEY, licences: str = "MIT, Apache-2.0") -> Path:
    """A policy at ``path`` that trusts ``key`` and accepts ``licences``."""
    path.write_text(
        f"models:\n  keys: [{key.public.line}]\n  licences: [{licences}]\n"
        "gate: {same_person: false, consent: false}\n"  # which sessions keep, not commands
    )
    return path
