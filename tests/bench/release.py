"""What it takes to sign a release: time for a photo, memory for a film, and calls to the system.

python -m tests.bench.release

Each figure comes from a process of its own that is sealed as the command is. Only the count of
calls is taken without a seal, so that it shows what the library tries, and not what it is refused.
"""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import cv2
from rich.console import Console
from rich.table import Table

from appliance.pipeline.media.photo.decode import read_photo
from appliance.release.provenance.library import StillKind
from appliance.release.still import marked_still
from tests.paths import PORTRAITS, REPOSITORY
from tests.release.test_film import write_film

PHOTO = PORTRAITS / "person_d_1.jpg"
FILM_SIZE = 2 << 30  # bytes
SMALL, LARGE = (747, 900), (4000, 3000)
CASES: tuple[tuple[StillKind, tuple[int, int], str], ...] = (
    ("jpeg", SMALL, "own"),
    ("jpeg", SMALL, "asked"),
    ("png", SMALL, "own"),
    ("webp", SMALL, "own"),
    ("tiff", SMALL, "own"),
    ("jpeg", LARGE, "own"),
)

_START = """
import io, json, os, resource, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = "1"
from dataclasses import replace
from pathlib import Path
from appliance.cli.main import descriptors
from appliance.cli.process.sealing import ProcessSealing
from appliance.pipeline.media.preload import load_media_libraries
from appliance.release.facts import ReleaseFacts
from appliance.release.provenance.films import sign_film_in_place
from appliance.release.provenance.identity import make_identity
from appliance.release.provenance.preload import load_provenance
from appliance.release.provenance.signing_key import SigningKey
from appliance.release.still import signed_still

inherited = descriptors()

def seal():
    sealing = ProcessSealing(inherited)
    sealing.confine([], [])
    sealing.seal("cpu")

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

made = make_identity("A site")
key = SigningKey.from_pem(made.chain, made.key)
facts = ReleaseFacts(70_000, "mesh", "")
load_media_libraries()
load_provenance()
"""
_STILLS = """
encoded = Path(sys.argv[1]).read_bytes()
key = replace(key, private=None) if sys.argv[3] == "asked" else key
seal()
taken = []
for _ in range(30):
    started = time.process_time()
    signed_still(encoded, sys.argv[2], facts, key)
    taken.append(1e3 * (time.process_time() - started))
print(json.dumps({"ms": taken}))
"""
_FILM = """
with open(sys.argv[1], "r+b") as film:
    seal()
    before, started = peak(), time.process_time()
    sign_film_in_place(film, "mp4", facts, key)
    print(json.dumps({"s": time.process_time() - started, "before": before, "peak": peak()}))
"""
_CALLS = """
encoded = Path(sys.argv[1]).read_bytes()
with open(sys.argv[2], "r+b") as film:
    os.access("/begin", os.F_OK)
    signed_still(encoded, "jpeg", facts, key)
    sign_film_in_place(film, "mp4", facts, key)
    os.access("/end", os.F_OK)
"""


def measured(code: str, *words: str | Path) -> Mapping[str, Any]:
    """What a process of its own printed as JSON."""
    command = [sys.executable, "-c", _START + code, *map(str, words)]
    done = subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY)
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


def marked_photo(folder: Path, kind: StillKind, size: tuple[int, int]) -> Path:
    """A photo as the child that marks it leaves it; ``size``: width and height in pixels."""
    photo = read_photo(PHOTO.read_bytes())
    pixels: Any = cv2.resize(photo.pixels, size, interpolation=cv2.INTER_CUBIC)
    path = folder / f"{size[0]}.{kind}"
    path.write_bytes(marked_still(replace(photo, pixels=pixels), kind, 1, bytes(32)))
    return path


def large_film(folder: Path) -> Path:
    """A film whose second box of data holds ``FILM_SIZE`` zeros, which take no disk space."""
    path = write_film(folder / "large.mp4")
    with path.open("r+b") as film:
        film.seek(0, os.SEEK_END)
        film.write(struct.pack(">I4s", FILM_SIZE, b"mdat"))
        film.truncate(film.tell() + FILM_SIZE - 8)
    return path


def calls(folder: Path) -> list[str]:
    """Each call about a name of a file or a socket, while a photo and a film are signed."""
    log, film = folder / "calls", write_film(folder / "film.mp4")
    tracer = ["strace", "-f", "-e", "trace=%file,%network", "-o", str(log)]
    photo = marked_photo(folder, "jpeg", SMALL)
    words = [sys.executable, "-c", _START + _CALLS, str(photo), str(film)]
    subprocess.run([*tracer, *words], check=True, capture_output=True, cwd=REPOSITORY)
    within = re.search(r'"/begin".*?\n(.*)^[^\n]*"/end"', log.read_text(), re.DOTALL | re.MULTILINE)
    assert within is not None
    return within[1].splitlines()


def main() -> None:
    """Print the table."""
    table = Table(title="Signing a release")
    for heading in ("what", "figure", "goal"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, size, how in CASES:
            photo = marked_photo(folder, kind, size)
            found = measured(_STILLS, photo, kind, how)
            held = ", a key that is asked" if how == "asked" else ""
            megabytes = photo.stat().st_size / 1e6
            what = f"{kind} {size[0]} x {size[1]}, {megabytes:.1f} MB{held}: processor time"
            table.add_row(what, f"{median(found['ms']):.1f} ms", "<= 10 ms")
        found = measured(_FILM, large_film(folder))
        table.add_row("a film of 2 GiB: processor time", f"{found['s']:.1f} s", "")
        table.add_row("its peak of memory", f"{found['peak']:.0f} MiB", "<= 512 MiB")
        table.add_row("of it before signing", f"{found['before']:.0f} MiB", "")
        tried = calls(folder)
        table.add_row("not sealed: files and sockets asked for", str(len(tried)), "0")
    Console().print(table)
    print(*tried, sep="\n")


if __name__ == "__main__":
    main()
