"""The bill of materials: CycloneDX's own library judges it; what nothing accounts for is found."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.image_build.small_root import LOCKED, PYTHON, SmallRoot, put, small_root
from tools.image.errors import ImageError
from tools.image.sbom import Inputs, write


@pytest.fixture
def small(tmp_path: Path) -> SmallRoot:
    return small_root(tmp_path)


def listed(small: SmallRoot, into: Path, inputs: Inputs | None = None) -> dict[str, Any]:
    write(small.root, into, inputs or small.inputs)
    whole: dict[str, Any] = json.loads((into / "sbom.cdx.json").read_text())
    return whole


def judged(text: str) -> object:
    """What the validator has against ``text``; None if nothing."""
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


def test_the_bill_is_valid_to_cyclonedx_itself(small: SmallRoot, tmp_path: Path) -> None:
    whole = listed(small, tmp_path / "out")
    text = (tmp_path / "out/sbom.cdx.json").read_text()
    assert judged(text) is None
    assert (
        judged(text.replace('"MIT"', '"MIT?"', 1).replace('"id": "MIT', '"id": "TIM')) is not None
    )
    whole["components"][0]["type"] = "thing"
    assert judged(json.dumps(whole)) is not None


def test_its_own_library_reads_the_same_components(small: SmallRoot, tmp_path: Path) -> None:
    bom = Bom.from_json(listed(small, tmp_path / "out"))  # type: ignore[attr-defined]
    found = {
        one.name: (one.version, {str(digest.content) for digest in one.hashes}, str(one.purl or ""))
        for one in bom.components
    }
    assert found.keys() == {
        "libsmall1",
        "sed",
        "small-wheel",
        "face-appliance",
        "tiny.onnx",
        "libbit",
    }
    assert found["libsmall1"][:2] == ("2:1.0+b1", {"a" * 64})
    assert found["small-wheel"] == ("1.0", {"c" * 64}, "pkg:pypi/small-wheel@1.0")
    package = next(one.purl for one in bom.components if one.name == "libsmall1")
    assert (package.type, package.namespace, package.name) == ("deb", "debian", "libsmall1")
    assert package.version == "2:1.0+b1"
    assert package.qualifiers == {
        "arch": "amd64",
        "distro": "debian-13",
        "upstream": "small@2:1.0",
    }


def test_a_library_in_a_wheel_is_a_component_with_a_licence_of_its_own(
    small: SmallRoot, tmp_path: Path
) -> None:
    whole = listed(small, tmp_path / "out")
    library = next(one for one in whole["components"] if one["name"] == "libbit")
    assert library["version"] == "7.1"
    assert library["licenses"] == [
        {"expression": "GPL-2.0-or-later OR MIT", "acknowledgement": "concluded"}
    ]
    assert library["hashes"][0]["content"] == hashlib.sha256(b"code").hexdigest()
    with pytest.raises(ImageError, match="state no licence: libbit"):
        listed(small, tmp_path / "again", replace(small.inputs, bundled={}))


def test_what_needs_what_is_part_of_it(small: SmallRoot, tmp_path: Path) -> None:
    whole = listed(small, tmp_path / "out")
    names = {one["bom-ref"]: one["name"] for one in whole["components"]}
    found = {
        names.get(one["ref"], "all"): {names[need] for need in one["dependsOn"]}
        for one in whole["dependencies"]
    }
    assert found.pop("all") == set(names.values())
    assert {name: needs for name, needs in found.items() if needs} == {
        "sed": {"libsmall1"},
        "face-appliance": {"small-wheel"},
        "small-wheel": {"libbit"},
    }
    unknown = next(one for one in whole["compositions"] if one["aggregate"] == "unknown")
    assert [names[one] for one in unknown["assemblies"]] == ["small-wheel"]


def test_licences_are_declared_or_concluded(small: SmallRoot, tmp_path: Path) -> None:
    whole = listed(small, tmp_path / "out")
    found = {one["name"]: one["licenses"] for one in whole["components"]}
    assert found["libsmall1"] == [
        {"license": {"id": "GPL-2.0-or-later", "acknowledgement": "declared"}},
        {"license": {"id": "MIT", "acknowledgement": "declared"}},
    ]
    assert found["sed"] == [
        {"license": {"id": "GPL-3.0-only", "acknowledgement": "concluded"}},
    ]
    texts = {str(path.relative_to(tmp_path / "out/licences")) for path in tmp_path.rglob("*.txt")}
    assert texts == {"debian/libsmall1.txt", "debian/sed.txt"}
    assert (tmp_path / "out/licences/common/GPL-3").exists()
    assert (tmp_path / "out/licences/python/small-wheel/LICENSE").exists()


def test_the_same_root_gives_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        small = small_root(tmp_path / name)
        listed(small, tmp_path / name / "out")
        made.append(
            {
                str(path.relative_to(tmp_path / name)): path.read_bytes()
                for path in (tmp_path / name / "out").rglob("*")
                if path.is_file()
            }
        )
    assert made[0] == made[1]
    small.write("etc/ld.so.cache", "another")
    listed(small, tmp_path / "two/out")
    assert (tmp_path / "two/out/files.sha256").read_bytes() != made[0]["out/files.sha256"]


def test_the_serial_number_follows_from_the_content(small: SmallRoot, tmp_path: Path) -> None:
    first = listed(small, tmp_path / "out")
    later = listed(small, tmp_path / "out", replace(small.inputs, time=small.inputs.time + 1))
    assert first["metadata"]["timestamp"] == "2025-11-30T00:00:00Z"
    assert first["serialNumber"] != later["serialNumber"]


def test_sha256sum_accepts_the_list_of_files(small: SmallRoot, tmp_path: Path) -> None:
    listed(small, tmp_path / "out")
    command = ["sha256sum", "--check", "--strict", "--quiet", str(tmp_path / "out/files.sha256")]
    assert subprocess.run(command, cwd=small.root, check=False).returncode == 0
    files = [path for path in small.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len((tmp_path / "out/files.sha256").read_text().splitlines()) == len(files)
    small.write("usr/bin/sed", "another")
    assert subprocess.run(command, cwd=small.root, check=False).returncode == 1


SPOILED: dict[str, tuple[str, Callable[[SmallRoot], object]]] = {
    "a stray file": ("usr/bin/stray", lambda one: one.write("usr/bin/stray", "")),
    "a stray link": (
        "usr/bin/link",
        lambda one: (one.root / "usr/bin/link").symlink_to("sed"),
    ),
    "a link to a folder": ("link", lambda one: (one.root / "link").symlink_to("usr/bin")),
    "compiled from nothing": (
        "bad.cpython-313.pyc",
        lambda one: one.write("usr/lib/python3/__pycache__/bad.cpython-313.pyc", ""),
    ),
    "a module in a package of ours": (
        "appliance/stray.py",
        lambda one: one.write(f"{PYTHON}/appliance/stray.py", ""),
    ),
    "an altered file of Debian": ("usr/bin/sed", lambda one: one.write("usr/bin/sed", "evil")),
    "an altered library below a link": (
        "usr/lib/libsmall.so.1",
        lambda one: one.write("usr/lib/libsmall.so.1", "evil"),
    ),
    "an altered file of a wheel": (
        "small_wheel.py",
        lambda one: one.write(f"{PYTHON}/small_wheel.py", "evil"),
    ),
    "no licence": (
        "sed",
        lambda one: (one.root / "usr/share/doc/sed/copyright").unlink(),
    ),
    "no database": ("dpkg", lambda one: (one.root / "var/lib/dpkg/status").unlink()),
}


@pytest.mark.parametrize("what", SPOILED)
def test_what_nothing_accounts_for_is_named(small: SmallRoot, tmp_path: Path, what: str) -> None:
    listed(small, tmp_path / "sound")
    named, spoil = SPOILED[what]
    spoil(small)
    with pytest.raises(ImageError) as caught:
        write(small.root, tmp_path / "out", small.inputs)
    assert named in caught.value.message
    assert str(tmp_path) not in caught.value.message
    assert not (tmp_path / "out").exists()


def test_a_file_that_the_image_itself_puts_in_the_place_of_anothers_is_its_own(
    small: SmallRoot, tmp_path: Path
) -> None:
    small.write("usr/bin/sed", "ours")
    with pytest.raises(ImageError, match="usr/bin/sed"):
        listed(small, tmp_path / "out")
    (small.own / "usr/bin").mkdir()
    (small.own / "usr/bin/sed").write_text("ours")
    listed(small, tmp_path / "out")


def test_a_file_of_our_tree_that_was_changed_later_is_found(
    small: SmallRoot, tmp_path: Path
) -> None:
    small.write("usr/lib/appliance/image.json", "{ }")
    with pytest.raises(ImageError, match=r"image\.json"):
        listed(small, tmp_path / "out")


def test_a_tree_may_have_been_copied_to_a_place_below_the_root(
    small: SmallRoot, tmp_path: Path
) -> None:
    put(small.root, "usr/share/ours/sub/file", "ours")
    put(small.root, "usr/share/ours/__pycache__/x.cpython-313.pyc", "compiled")
    tree = tmp_path / "tree"
    put(tree, "elsewhere", "ours")
    (tree / "sub").mkdir()
    (tree / "sub/file").symlink_to("../elsewhere")
    put(tree, "x.py", "")
    trees = (*small.inputs.own.trees, ("usr/share/ours", tree))
    inputs = replace(small.inputs, own=replace(small.inputs.own, trees=trees))
    with pytest.raises(ImageError, match="usr/share/ours/sub/file"):
        listed(small, tmp_path / "out")
    listed(small, tmp_path / "out", inputs)
    put(small.root, "usr/share/ours-too", "stray")
    with pytest.raises(ImageError, match="usr/share/ours-too"):
        listed(small, tmp_path / "out", inputs)


def test_a_file_that_the_build_changes_is_named_but_a_new_one_like_it_is_not(
    small: SmallRoot, tmp_path: Path
) -> None:
    own = replace(small.inputs.own, changed=("usr/bin/se*",))
    inputs = replace(small.inputs, own=own)
    small.write("usr/bin/sed", "stripped")
    with pytest.raises(ImageError, match="usr/bin/sed"):
        listed(small, tmp_path / "out")
    listed(small, tmp_path / "out", inputs)
    small.write("usr/bin/second", "stray")
    with pytest.raises(ImageError, match="belong to no package: usr/bin/second"):
        listed(small, tmp_path / "out", inputs)


def test_our_own_package_may_be_copied_instead_of_installed(
    small: SmallRoot, tmp_path: Path
) -> None:
    whole = listed(small, tmp_path / "out")
    packages = small.root / PYTHON
    (packages / "face_appliance-1.0.dist-info/RECORD").unlink()
    with pytest.raises(ImageError, match="face_appliance"):
        listed(small, tmp_path / "again")
    trees = tuple(
        (f"{PYTHON}/{name}", packages / name)
        for name in ("appliance", "face_appliance-1.0.dist-info")
    )
    own = replace(small.inputs.own, trees=(*small.inputs.own.trees, *trees))
    again = listed(small, tmp_path / "again", replace(small.inputs, own=own))
    assert again["components"] == whole["components"]


def test_a_pack_at_its_place_on_a_machine_is_listed_once(small: SmallRoot, tmp_path: Path) -> None:
    pack = small.root / PYTHON / "appliance/resources/starter"
    place = "usr/local/share/appliance/models"
    shutil.copytree(pack, small.root / place)
    own = replace(small.inputs.own, trees=(*small.inputs.own.trees, (place, pack)))
    whole = listed(small, tmp_path / "out", replace(small.inputs, own=own))
    assert [one["name"] for one in whole["components"]].count("tiny.onnx") == 1


def test_the_database_and_the_texts_may_be_kept_outside(small: SmallRoot, tmp_path: Path) -> None:
    before = listed(small, tmp_path / "out")
    kept = tmp_path / "kept"
    for part in ("var/lib/dpkg", "usr/share/doc", "usr/share/common-licenses"):
        (kept / part).parent.mkdir(parents=True, exist_ok=True)
        (small.root / part).rename(kept / part)
    inputs = replace(small.inputs, installed=kept)
    assert listed(small, tmp_path / "again", inputs) == before
    assert "dpkg" not in (tmp_path / "again/files.sha256").read_text()
    assert (tmp_path / "again/licences/debian/sed.txt").exists()
    small.write("usr/bin/stray", "")
    with pytest.raises(ImageError, match="stray"):
        listed(small, tmp_path / "again", inputs)


def test_what_is_not_locked_is_refused(small: SmallRoot, tmp_path: Path) -> None:
    others = (replace(LOCKED[0], version="2:1.0"), LOCKED[1])
    for inputs in (small.with_lock(*others), replace(small.inputs, wheels={})):
        with pytest.raises(ImageError, match="not in the lock"):
            listed(small, tmp_path / "out", inputs)
    listed(small, tmp_path / "out")


def test_a_model_that_is_not_that_of_its_manifest_is_refused(
    small: SmallRoot, tmp_path: Path
) -> None:
    whole = listed(small, tmp_path / "out")
    model = next(one for one in whole["components"] if one["name"] == "tiny.onnx")
    assert model["type"] == "machine-learning-model"
    assert model["pedigree"]["ancestors"][0]["purl"] == "pkg:pypi/tiny@2.0"
    path = f"{PYTHON}/appliance/resources/starter/tiny.onnx"
    small.write(path, "others")
    (small.own / path).parent.mkdir(parents=True)
    (small.own / path).write_text("others")
    with pytest.raises(ImageError, match="manifest"):
        listed(small, tmp_path / "again")
