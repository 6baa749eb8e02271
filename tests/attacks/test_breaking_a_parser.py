"""An attacker brings a manifest, signature, key or policy that a parser stumbles over.

A process that ends for it, or waits for ever, serves nobody: it must refuse with an error of ours.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import ApplianceError, ModelError, PolicyError
from appliance.inference import manifest
from appliance.inference.importing import parse_draft, sign
from appliance.inference.pack import MANIFEST, SIGNATURE, ModelPack
from appliance.inference.tensorrt import LIST, EngineCache
from appliance.inference.trust import Trust
from appliance.inference.tuning import FILE, Tuning
from appliance.policy.load import LIMIT, load, parse
from appliance.signatures.ed25519_point import is_sound
from appliance.signatures.minisign import PublicKey, SecretKey, SignatureError
from appliance.worker.packs import Packs
from tests.inference.packs import KEY, write_standins

TRUST = Trust((KEY.public,), frozenset({"MIT"}))

STUMBLES = {
    "brackets": "a = " + "[" * 5000 + "]" * 5000,
    "tables in a line": "a = " + "{a = " * 3000 + "1" + "}" * 3000,
    "a number of 5000 digits": "size = " + "9" * 5000,
    "a number with underscores": "size = " + "1_" * 5000 + "1",
    "a key of 100,000 parts": ".".join(["a"] * 100_000) + " = 1",
    "a table of 100,000 parts": "[" + ".".join(["a"] * 100_000) + "]",
    "a date that is none": "a = 0000-00-00",
    "an offset of 99 hours": "a = 1979-05-27T07:32:00+99:99",
    "a lone surrogate": 'a = "\\ud800"',
    "beyond Unicode": 'a = "\\U7fffffff"',
    "infinity": "format = inf",
    "a hexadecimal number": "format = 0x" + "f" * 10_000,
}


@pytest.mark.parametrize("text", STUMBLES.values(), ids=STUMBLES.keys())
@pytest.mark.parametrize("parser", [manifest.parse, parse_draft])
def test_a_text_that_a_toml_parser_stumbles_over(
    parser: Callable[[bytes], object], text: str
) -> None:
    with pytest.raises(ModelError, match="is not valid"):
        parser(text.encode())


def test_the_parser_below_does_stumble() -> None:
    """The attacker's means: these leave the library as something else than its own error."""
    for name, error in (("brackets", RecursionError), ("a number of 5000 digits", ValueError)):
        with pytest.raises(error) as caught:
            msgspec.toml.decode(STUMBLES[name], type=manifest.Manifest)
        assert not isinstance(caught.value, msgspec.DecodeError)


_OPENINGS = st.sampled_from(
    ["[", "[[", "{a=", "a.", "'''", '"""', "9", "1_", "\\u", "- ", "? ", "*"]
)


@given(_OPENINGS, st.integers(1, 3000), st.sampled_from(["a = ", "", "[", "[[", "a: "]))
def test_whatever_is_repeated(piece: str, times: int, before: str) -> None:
    data = (before + piece * times).encode()
    for parser in (manifest.parse, parse_draft, parse):
        with pytest.raises(ApplianceError):
            parser(data)


POLICY_STUMBLES = {
    "brackets": "a: " + "[" * 20_000,
    "tables in a line": "a: " + "{a: " * 3000,
    "tables below each other": "\n".join(" " * depth + "a:" for depth in range(300)),
    "a number of 5000 digits": "a: " + "9" * 5000,
    "a number in base 60": "a: 1" + ":59" * 20_000,
    "a fraction in base 60": "a: 1" + ":59" * 20_000 + ".5",
    "a date that is none": "a: 9999-99-99",
    "an alias of itself": "a: &a [*a]",
    "a tag": "a: !!python/object/apply:os.system [true]",
    "a key that is a list": "? [a]\n: b",
}


@pytest.mark.parametrize("text", POLICY_STUMBLES.values(), ids=POLICY_STUMBLES.keys())
def test_a_text_that_a_yaml_parser_stumbles_over(text: str) -> None:
    with pytest.raises(PolicyError):
        parse(text.encode())
    with pytest.raises(PolicyError, match="longer than"):
        parse(b"#" * (LIMIT + 1))


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE, MANIFEST.upper(), "Manifest.toml.MINISIG"])
def test_a_model_that_is_the_manifest_itself(tmp_path: Path, name: str) -> None:
    folder = write_standins(tmp_path / "pack", "arcface")
    text = (folder / MANIFEST).read_text()
    sound = ModelPack.open(folder, TRUST)
    assert sound.read(sound.entries[0].role)
    sign(folder, text.replace("arcface.onnx", name).encode(), "operator", KEY)
    with pytest.raises(ModelError, match="which is no model"):
        ModelPack.open(folder, TRUST)


@pytest.mark.parametrize("text", STUMBLES.values(), ids=STUMBLES.keys())
def test_a_signed_pack_does_not_keep_the_others_from_being_used(tmp_path: Path, text: str) -> None:
    write_standins(tmp_path / "sound", "arcface")
    (tmp_path / "broken").mkdir()
    sign(tmp_path / "broken", text.encode(), "operator", KEY)
    packs = Packs.find(tmp_path, TRUST)
    assert (set(packs.trusted), set(packs.refused)) == ({"sound"}, {"broken"})


def spoil_with(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        path.unlink(missing_ok=True)
        make(path)

    return spoil


ODD_FILES = [
    spoil_with(os.mkfifo),
    spoil_with(Path.mkdir),
    spoil_with(lambda path: path.symlink_to("/dev/zero")),
    spoil_with(lambda path: path.symlink_to(path)),
    spoil_with(lambda path: path.symlink_to("x" * 300)),
]
KINDS = ["a named pipe", "a folder", "an endless device", "a link to itself", "a name too long"]


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE])
@pytest.mark.parametrize("spoil", ODD_FILES, ids=KINDS)
def test_a_pack_of_odd_files(tmp_path: Path, name: str, spoil: Callable[[Path], None]) -> None:
    write_standins(tmp_path / "sound", "arcface")
    spoil(write_standins(tmp_path / "odd", "arcface") / name)
    packs = Packs.find(tmp_path, TRUST)
    assert (set(packs.trusted), set(packs.refused)) == ({"sound"}, {"odd"})


@pytest.mark.parametrize("spoil", ODD_FILES, ids=KINDS)
def test_a_policy_that_is_no_regular_file(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("gate: {consent: true}\n")
    assert load(path).gate.consent
    spoil(path)
    with pytest.raises(PolicyError, match="cannot be read"):
        load(path)


@pytest.mark.parametrize("spoil", ODD_FILES, ids=KINDS)
def test_settings_and_engines_that_are_no_regular_files(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(tmp_path / FILE)
    assert Tuning.read(tmp_path / FILE) == Tuning()
    for name in (LIST, "x.engine"):
        engines = tmp_path / f"with {name}"
        engines.mkdir()
        assert EngineCache.open(engines, "a GPU").folder == engines
        spoil(engines / name)
        with pytest.raises(ModelError):
            EngineCache.open(engines, "a GPU")


def test_settings_of_nested_brackets(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[" * 100_000)
    assert Tuning.read(tmp_path / FILE) == Tuning()


P = 2**255 - 19
# Points of order 1, 2, 4 and 8, and forms of them that are not canonical: libsodium's list.
SMALL = [
    *(0, 1, P - 1, P, P + 1),
    int("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", 16),
    int("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7", 16),
]


def key_of(number: int, *, odd: bool = False) -> bytes:
    return (number | odd << 255).to_bytes(32, "little")


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("number", SMALL)
def test_a_key_that_anybody_can_sign_for(number: int, odd: bool) -> None:
    with pytest.raises(SignatureError, match="not a sound"):
        PublicKey(bytes(8), key_of(number, odd=odd))
    line = base64.b64encode(b"Ed" + bytes(8) + key_of(number, odd=odd)).decode()
    with pytest.raises(SignatureError, match="not a sound"):
        Trust.parse([line], [])


def test_the_library_below_accepts_such_a_key() -> None:
    """The attacker's means: with the neutral point, one signature fits every file."""
    neutral = key_of(1)
    weak = Ed25519PublicKey.from_public_bytes(neutral)
    weak.verify(neutral + bytes(32), b"any file")
    weak.verify(neutral + bytes(32), b"any other file")


def test_a_key_written_in_two_ways() -> None:
    numbers = [number for number in range(19) if is_sound(key_of(number))]
    assert numbers
    assert not any(is_sound(key_of(number + P)) for number in numbers)


@given(st.binary(min_size=32, max_size=32))
def test_keys_of_secrets_are_sound_and_points_off_the_curve_are_not(seed: bytes) -> None:
    raw = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(*raw)
    assert is_sound(public)
    assert not is_sound(public[:31])
    if is_sound(seed):  # about half of all numbers are a point
        Ed25519PublicKey.from_public_bytes(seed)


def relabelled(signature: str) -> str:
    lines = signature.splitlines()
    lines[1] = base64.b64encode(b"Ed" + base64.b64decode(lines[1])[2:]).decode()
    return "\n".join(lines) + "\n"


def test_a_signature_of_one_kind_that_fits_another_file_as_the_other() -> None:
    key, data = SecretKey.generate(), b"a manifest"
    signature = key.sign(data, "trusted")
    key.public.verify(data, signature)
    # The means: what was signed is the hash, so as the legacy kind it signs the file of the hash.
    raw = base64.b64decode(signature.splitlines()[1])[10:]
    digest = hashlib.blake2b(data).digest()
    Ed25519PublicKey.from_public_bytes(key.public.key).verify(raw, digest)
    for file in (digest, data):
        with pytest.raises(SignatureError, match="legacy"):
            key.public.verify(file, relabelled(signature))
        with pytest.raises(SignatureError, match="legacy"):
            Trust((key.public,)).signer(file, relabelled(signature))


def test_a_signature_written_in_two_ways() -> None:
    """The last letter of the base64 has two bits that decoding drops."""
    key, data = SecretKey(b"identity", bytes(32)), b"a manifest"
    lines = key.sign(data, "trusted").splitlines()
    last = lines[1][-2]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = letters[letters.index(last) ^ 1]
    spelt = [lines[0], f"{lines[1][:-2]}{other}=", *lines[2:]]
    assert base64.b64decode(spelt[1], validate=True) == base64.b64decode(lines[1])
    key.public.verify(data, "\n".join(lines))
    with pytest.raises(SignatureError, match="format"):
        key.public.verify(data, "\n".join(spelt))
