"""No file makes the auditor's program fail otherwise than by its verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from appliance.audit import standalone

NONCE = "a1" * 32
KEYS = ("version", "nonce", "quote", "signature", "key", "pcrs", "image")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 300)
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["", "AAAA", "ff" * 32, "1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["0", "7", "11", "pcr11", "version"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def verdict(folder: Path, attestation: bytes, measurements: bytes) -> int:
    (folder / "attestation.json").write_bytes(attestation)
    (folder / "measurements.json").write_bytes(measurements)
    files = [str(folder / "attestation.json"), "--measurements", str(folder / "measurements.json")]
    return standalone.main(["attest", *files, "--nonce", NONCE])


@given(st.binary(max_size=200))
def test_noise_is_unsound(tmp_path_factory: Any, noise: bytes) -> None:
    assert verdict(tmp_path_factory.mktemp("noise"), noise, b"{}") == 1


@given(st.fixed_dictionaries(dict.fromkeys(KEYS, VALUES)), VALUES)
def test_an_object_of_other_types_is_unsound(
    tmp_path_factory: Any, found: dict[str, Any], published: Any
) -> None:
    folder = tmp_path_factory.mktemp("types")
    for version in (found["version"], 1):
        text = json.dumps({**found, "version": version}, sort_keys=True, separators=(",", ":"))
        assert verdict(folder, text.encode() + b"\n", json.dumps(published).encode()) == 1
