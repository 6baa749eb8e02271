"""What signing and reading load late, loaded before the seal."""

from __future__ import annotations

import io

from PIL import Image

from appliance.release.facts import ReleaseFacts
from appliance.release.provenance.identity import make_identity
from appliance.release.provenance.reading import read_provenance
from appliance.release.provenance.signing_key import SigningKey
from appliance.release.provenance.stills import sign_still


def load_provenance() -> None:
    """Sign an empty picture by a key that is thrown away, and read it."""
    identity = make_identity("Nobody")
    key = SigningKey.from_pem(identity.chain, identity.key)
    empty = io.BytesIO()
    Image.new("RGB", (8, 8)).save(empty, "PNG")
    signed = sign_still(empty.getvalue(), "png", ReleaseFacts(1, "simulation", ""), key)
    read_provenance(io.BytesIO(signed), "png", identity.anchor.decode())
