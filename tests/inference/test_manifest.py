from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import ModelError
from appliance.inference import manifest
from tests.inference import graphs


@pytest.fixture
def text(tmp_path: Path) -> str:
    graphs.write_pack(tmp_path, b"x")
    return (tmp_path / "manifest.toml").read_text()


def test_a_valid_manifest_is_read(text: str) -> None:
    parsed = manifest.parse(text.encode())
    assert parsed.name == "test"
    assert [entry.file for entry in parsed.entry] == [graphs.FILE]
    assert parsed.entry[0].source.package == "test"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('licence = "MIT"', 'licence = "MIT"\nweights = "none"', "weights"),
        ('package = "test"', 'package = "test", url = "none"', "url"),
        ('name = "test"', 'name = "test"\nauthor = "nobody"', "author"),
        ("format = 1", "format = 2", "format"),
        ('licence = "MIT"', "", "licence"),
        ("size = 1", 'size = "1"', "size"),
        ("size = 1", "size = 0", "size"),
        ("size = 1", "size = 2147483648", "size"),
        ('sha256 = "', 'sha256 = "A', "sha256"),
        ("[[entry]]", "[entry]", "entry"),
        ("format = 1", "format = ", "line 2"),
    ],
)
def test_the_message_names_the_mistake(text: str, old: str, new: str, named: str) -> None:
    assert old in text
    with pytest.raises(ModelError, match=named):
        manifest.parse(text.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    "name",
    [
        "../model.onnx",
        "/etc/passwd",
        "sub/model.onnx",
        "..",
        ".hidden",
        "sub\\\\model.onnx",
        "C:model.onnx",
        "",
        "a\\u0000b",
        "model.onnx\\n",
        "x" * 129,
    ],
)
def test_a_file_name_that_is_a_path_is_refused(text: str, name: str) -> None:
    with pytest.raises(ModelError, match=r"\$\.entry\[0\]\.file|\$\.entry\[\.\.\.\]\.file"):
        manifest.parse(text.replace(graphs.FILE, name).encode())


@pytest.mark.parametrize(
    ("what", "old", "new"),
    [("role", graphs.FILE, "other.onnx"), ("file", '"identity"', '"mesh"')],
)
def test_nothing_is_listed_twice(text: str, what: str, old: str, new: str) -> None:
    head, entry = text.split("[[entry]]")
    twice = f"{head}[[entry]]{entry}[[entry]]{entry.replace(old, new)}"
    with pytest.raises(ModelError, match=f"lists the {what} .* 2 times"):
        manifest.parse(twice.encode())


def test_names_that_differ_only_in_case_are_one_file(text: str) -> None:
    head, entry = text.split("[[entry]]")
    other = entry.replace(graphs.FILE, graphs.FILE.upper()).replace('"identity"', '"mesh"')
    with pytest.raises(ModelError, match="lists the file"):
        manifest.parse(f"{head}[[entry]]{entry}[[entry]]{other}".encode())


@given(st.binary(max_size=200))
def test_random_bytes_are_a_model_error(data: bytes) -> None:
    with pytest.raises(ModelError):
        manifest.parse(data)
