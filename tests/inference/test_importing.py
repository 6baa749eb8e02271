"""From an operator's files to a signed pack."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import ApplianceError, ModelError, OutputError
from appliance.inference.importing import examine, parse_draft, write_signed
from appliance.inference.pack import MANIFEST, SIGNATURE, ModelPack
from appliance.inference.trust import Trust
from tests.inference import standins
from tests.inference.packs import KEY

TRUST = Trust((KEY.public,), licences=frozenset({"MIT", "Non-Commercial"}))

DRAFT = """
name = "studio"
[[entry]]
file = "inswapper_128.onnx"
family = "inswapper"
licence = "Non-Commercial"
use = "non-commercial"
source = { registry = "GitHub", package = "insight", version = "0.7", member = "\\u00e4 \\"x\\"" }
[[entry]]
file = "fan.onnx"
family = "fan-68-5"
licence = "MIT"
use = "any"
conversion = "none: as published"
source = { registry = "GitHub", package = "fan", version = "1", member = "fan.onnx" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An operator's files."""
    for name, family in (("inswapper_128", "inswapper"), ("fan", "fan-68-5")):
        data = standins.model(family).SerializeToString()
        (tmp_path / f"{name}.onnx").write_bytes(data)
    return tmp_path


def test_a_described_folder_becomes_a_pack(folder: Path) -> None:
    seen: list[str] = []
    found = examine(folder, parse_draft(DRAFT.encode()), TRUST, seen.append)
    digest = write_signed(folder, found, KEY, overwrite=False)
    assert seen == ["inswapper_128.onnx", "fan.onnx"]
    pack = ModelPack.open(folder, TRUST)
    pack.verify()
    assert (pack.name, pack.digest, pack.signer) == ("studio", digest, KEY.public.name)
    assert pack.entries == found.entry
    generator = pack.entry("generator")
    assert generator.use == "non-commercial"
    assert generator.source.member == 'ä "x"'
    assert pack.entry("landmarks-68-5").conversion == "none: as published"
    assert {path.name for path in folder.iterdir()} == {
        "inswapper_128.onnx",
        "fan.onnx",
        MANIFEST,
        SIGNATURE,
    }


def refuse(folder: Path, draft: str, match: str, trust: Trust = TRUST) -> None:
    with pytest.raises(ApplianceError, match=match) as caught:
        examine(folder, parse_draft(draft.encode()), trust)
    assert isinstance(caught.value, ModelError)
    assert str(folder) not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('family = "inswapper"', 'family = "simswap-256"', "simswap-256"),
        ('family = "inswapper"', 'family = "tomorrow"', "'tomorrow'"),
        ('licence = "MIT"', 'licence = "GPL-3.0"', r"fan\.onnx is under the licence GPL-3\.0"),
        ('licence = "MIT"\n', "", "licence"),
        ('use = "any"', 'use = "whatever"', "use"),
        ('file = "fan.onnx"', 'file = "../fan.onnx"', "file"),
        ('file = "fan.onnx"', 'file = "absent.onnx"', r"absent\.onnx"),
        (
            'use = "any"',
            f'use = "any"\nsha256 = "{"0" * 64}"',
            r"fan\.onnx is not the file",
        ),
        ('name = "studio"', 'name = "studio"\nrole = "x"', "role"),
    ],
)
def test_the_message_names_the_mistake(folder: Path, old: str, new: str, match: str) -> None:
    assert old in DRAFT
    refuse(folder, DRAFT.replace(old, new, 1), match)


def test_a_graph_that_refers_to_other_files_is_refused(folder: Path) -> None:
    model = standins.model("inswapper")
    tensor = model.graph.initializer[0]
    tensor.data_location = tensor.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    (folder / "inswapper_128.onnx").write_bytes(model.SerializeToString())
    refuse(folder, DRAFT, "another file")


def test_two_files_for_one_role_are_refused(folder: Path) -> None:
    twice = DRAFT + DRAFT.split("[[entry]]")[1].join(["[[entry]]", ""]).replace(
        "inswapper_128.onnx", "other.onnx"
    )
    (folder / "other.onnx").write_bytes((folder / "inswapper_128.onnx").read_bytes())
    found = examine(folder, parse_draft(twice.encode()), TRUST)
    with pytest.raises(ModelError, match="role 'generator' 2 times"):
        write_signed(folder, found, KEY, overwrite=False)
    assert not (folder / MANIFEST).exists()


def test_a_manifest_is_replaced_only_when_asked_for(folder: Path) -> None:
    found = examine(folder, parse_draft(DRAFT.encode()), TRUST)
    (folder / MANIFEST).write_text("mine")
    with pytest.raises(OutputError, match="already"):
        write_signed(folder, found, KEY, overwrite=False)
    assert (folder / MANIFEST).read_text() == "mine"
    assert not (folder / SIGNATURE).exists()
    write_signed(folder, found, KEY, overwrite=True)
    assert ModelPack.open(folder, TRUST).name == "studio"


@given(st.binary(max_size=200))
def test_random_bytes_are_a_model_error(data: bytes) -> None:
    with pytest.raises(ModelError):
        parse_draft(data)
