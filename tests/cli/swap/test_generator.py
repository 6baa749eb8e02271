"""Swaps by the generator of an operator's pack: stand-ins that turn the face's colours round."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.signatures.minisign import SecretKey
from tests.cli.conftest import CANARY, Call, Outcome, pixels
from tests.inference.packs import FACEFUSION, write_policy, write_standins


@pytest.fixture
def pack(folder: Path) -> Path:
    return write_standins(folder / "pack", *FACEFUSION)


@pytest.fixture
def swap(call: Call, people: Mapping[str, Path], folder: Path) -> Call:
    """Person a on person c, as a PNG, where the stand-ins' key is trusted."""
    trusted = write_policy(folder / "policy.yaml")

    def swap(
        *more: str | Path,
        target: Path | None = None,
        output: str = "out.png",
        policy: Path | None = None,
    ) -> Outcome:
        target = target or people["c"]
        more = (*more, "--policy", policy or trusted)
        words = ("--source", people["a"], "--target", target, "--output", folder / output)
        return call("swap", *words, "--provider", "cpu", *more)

    return swap


def blue(before: Path, after: Path) -> np.ndarray:
    """Where skin, redder than blue, has become bluer than red."""
    was, now = pixels(before).astype(int), pixels(after).astype(int)
    return np.asarray((was[..., 0] > was[..., 2] + 20) & (now[..., 2] > now[..., 0] + 20))


def test_the_generator_draws_the_face(
    swap: Call, pack: Path, people: Mapping[str, Path], folder: Path
) -> None:
    outcome = swap("--pack", pack, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json["engine"] == "generator inswapper"
    assert outcome.json["faces_swapped"] == 1
    assert 0.02 < blue(people["c"], folder / "out.png").mean() < 0.5
    swap(output="mesh.png")
    assert blue(people["c"], folder / "mesh.png").mean() < 0.001


def test_more_pixels_give_a_finer_face(
    swap: Call, pack: Path, people: Mapping[str, Path], folder: Path
) -> None:
    sharpness = []
    for side in ("128", "512"):
        name = f"{side}.png"
        assert swap("--pack", pack, "--pixels", side, output=name).code == 0
        grey = cv2.cvtColor(pixels(folder / name), cv2.COLOR_RGB2GRAY)
        face = blue(people["c"], folder / name)
        sharpness.append(float(cv2.Laplacian(grey, cv2.CV_32F)[face].std()))
    assert sharpness[1] > 1.3 * sharpness[0]


def test_restorer_masks_and_upscaler_of_the_pack_are_used_on_request(
    swap: Call, pack: Path, people: Mapping[str, Path], folder: Path
) -> None:
    plain, limited = folder / "plain.png", folder / "limited.png"
    assert swap("--pack", pack, output="plain.png").code == 0
    words = ("--pack", pack, "--occlusion", "--part", "face")
    assert swap(*words, output="limited.png").code == 0
    share = blue(people["c"], limited).sum() / blue(people["c"], plain).sum()
    assert 0.3 < share < 0.95
    # The stand-in sees skin, and no nose.
    assert swap("--pack", pack, "--part", "nose", output="nose.png").code == 0
    assert not blue(people["c"], folder / "nose.png").any()
    assert swap("--pack", pack, "--restore", "1", output="restored.png").code == 0
    assert (pixels(folder / "restored.png") != pixels(plain)).any()
    assert swap("--pack", pack, "--upscale", "2", output="large.png").code == 0
    # The pack's stand-in interpolates, unlike the starter pack's.
    small = pixels(plain)
    large = cv2.resize(small, (2 * small.shape[1], 2 * small.shape[0]))
    assert np.abs(pixels(folder / "large.png").astype(int) - large).max() <= 1


def test_a_pack_without_a_trusted_signature_or_licence_is_refused(
    swap: Call, pack: Path, folder: Path
) -> None:
    assert swap("--pack", pack).code == 0
    (folder / "out.png").unlink()
    other = write_policy(folder / "other.yaml", SecretKey.generate())
    outcome = swap("--pack", pack, policy=other)
    assert outcome.code == 5
    assert "by no key that is trusted here" in outcome.err
    licences = write_policy(folder / "licences.yaml", licences="Apache-2.0")
    outcome = swap("--pack", pack, policy=licences)
    assert outcome.code == 5
    assert "licence MIT, which is not accepted" in outcome.err
    manifest = pack / "manifest.toml"
    manifest.write_text(manifest.read_text() + "# one comment more\n")
    outcome = swap("--pack", pack)
    assert outcome.code == 5
    assert "does not fit" in outcome.err
    (pack / "manifest.toml.minisig").unlink()
    outcome = swap("--pack", pack)
    assert outcome.code == 5
    assert "not signed" in outcome.err
    assert not (folder / "out.png").exists()


def test_a_region_limits_the_generator_too(
    swap: Call, pack: Path, people: Mapping[str, Path], folder: Path
) -> None:
    assert swap("--pack", pack, "--region", "nose=1", output="nose.png").code == 0
    assert swap("--pack", pack, output="whole.png").code == 0
    nose = blue(people["c"], folder / "nose.png")
    whole = blue(people["c"], folder / "whole.png")
    assert 0 < nose.sum() < 0.2 * whole.sum()
    assert not (nose & ~whole).any()


def test_a_video_is_drawn_by_the_generator(swap: Call, pack: Path, clip: Path) -> None:
    outcome = swap("--pack", pack, "--json", target=clip, output="out.mp4")
    assert (outcome.code, outcome.err) == (0, "")
    found = outcome.json
    assert (found["kind"], found["engine"]) == ("video", "generator inswapper")
    assert found["frames_swapped"] > 0.9 * found["frames"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--pixels", "200"], 2, "--pixels"),
        (["--restorer-weight", "0.5"], 2, "needs --restore"),
        (["--occlusion"], 2, "need --pack"),
    ],
)
def test_options_that_need_others_are_refused_alone(
    words: list[str], code: int, message: str, swap: Call, folder: Path
) -> None:
    outcome = swap(*words)
    assert outcome.code == code
    assert message in outcome.err
    assert not (folder / "out.png").exists()


def test_the_missing_network_of_a_pack_is_named(swap: Call, folder: Path) -> None:
    small = write_standins(folder / "small", "inswapper", "arcface")
    assert swap("--pack", small).code == 0
    for options, role in ((["--occlusion"], "occluder"), (["--part", "nose"], "face-parser")):
        outcome = swap("--pack", small, *options, "--overwrite")
        assert outcome.code == 5
        assert f"'{role}'" in outcome.err
    alone = write_standins(folder / "alone", "ghost", "arcface")
    outcome = swap("--pack", alone, "--overwrite")
    assert outcome.code == 5
    assert "'embedding-converter'" in outcome.err
    assert CANARY not in outcome.err


def test_a_size_that_the_generator_cannot_produce_is_refused(swap: Call, folder: Path) -> None:
    pack = write_standins(folder / "large", "hyperswap", "arcface")
    assert swap("--pack", pack, "--pixels", "512").code == 0
    outcome = swap("--pack", pack, "--pixels", "128", "--overwrite")
    assert outcome.code == 5
    assert "takes 256 pixels" in outcome.err


def test_packs_complete_each_other(swap: Call, folder: Path) -> None:
    generator = write_standins(folder / "generator", "ghost", "arcface")
    converter = write_standins(folder / "converter", "crossface", "gpen-256")
    assert swap("--pack", generator).code == 5
    words = ("--pack", generator, "--pack", converter, "--restore", "0.5")
    assert swap(*words).code == 0


def test_with_a_pack_without_a_generator_the_mesh_engine_swaps(
    swap: Call, people: Mapping[str, Path], folder: Path
) -> None:
    pack = write_standins(folder / "upscaler", "real-esrgan-x2", "gpen-256")
    outcome = swap("--pack", pack, "--upscale", "2", "--json")
    assert (outcome.code, outcome.json["engine"]) == (0, "geometric simulation")
    swap(output="small.png")
    small, large = pixels(folder / "small.png"), pixels(folder / "out.png")
    # The pack's stand-in interpolates, unlike the starter pack's.
    wanted = cv2.resize(small, (2 * small.shape[1], 2 * small.shape[0]))
    assert np.abs(large.astype(int) - wanted).max() <= 1
    assert blue(people["c"], folder / "small.png").mean() < 0.001
    outcome = swap("--pack", pack, "--restore", "1", "--overwrite")
    assert outcome.code == 5
    assert "'generator'" in outcome.err


def test_the_detector_of_a_pack_replaces_the_base_pack_s(
    swap: Call, pair: Path, folder: Path
) -> None:
    """The stand-in looks between the two people and nowhere else."""
    pack = write_standins(folder / "detector", "yolo-face")
    assert swap("--pack", pack, target=pair).code == 4
    assert swap(target=pair).code == 0
