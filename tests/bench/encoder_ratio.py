"""What ``appliance swap`` costs a video, in what encoding it costs anyway.

    python -m tests.bench.encoder_ratio CLIP [--rounds 3]

Frames a second depend on the machine and on what else it does. So the measure is the processor time
of the whole command over that of a plain encoder on the same frames, both in turn:
``ffmpeg -c:v libx264 -preset veryfast -crf 18``. Without that program the same libraries do the
same in a Python process; its start adds 0.1 s to the reference.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.clips import ENCODING, encode_again
from tests.paths import PORTRAITS

PORTRAIT = PORTRAITS / "person_b_1.jpg"


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds of processor time, user and system, of either command and its children."""

    swap: float
    encode: float


def rounds(clip: Path, count: int) -> Iterator[Round]:
    """``count`` measurements, each beginning with the other command than the one before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = {
            "swap": _swap(clip, folder / "swapped.mp4"),
            "encode": reference(clip, folder / "encoded.mp4"),
        }
        for number in range(count):
            order = sorted(commands, reverse=number % 2 == 0)
            spent = {name: _processor_time(commands[name], folder) for name in order}
            yield Round(**spent)


def ratio(measured: Sequence[Round]) -> float:
    """Of the sums."""
    return sum(one.swap for one in measured) / sum(one.encode for one in measured)


def reference(clip: Path, path: Path) -> list[str]:
    """The command that only encodes."""
    program = shutil.which("ffmpeg")
    if program is None:
        return [sys.executable, "-m", "tests.bench.encoder_ratio", str(clip), "--into", str(path)]
    options = ["-c:v", "libx264", "-preset", ENCODING["preset"], "-crf", ENCODING["crf"]]
    return [program, "-nostdin", "-v", "error", "-y", "-i", str(clip), *options, str(path)]


def _swap(clip: Path, path: Path) -> list[str]:
    program = Path(sys.executable).with_name("appliance")
    files = ["--source", str(PORTRAIT), "--target", str(clip), "--output", str(path)]
    return [str(program), "swap", "--json", "--overwrite", *files]


def _processor_time(command: Sequence[str], state: Path) -> float:
    """``state``: where the ledger of a measurement lies."""
    environment = os.environ | {"XDG_STATE_HOME": str(state)}
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure, print each round and the ratio of all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clip", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--into", type=Path)
    wanted = parser.parse_args()
    if wanted.into is not None:
        encode_again(wanted.clip, wanted.into)
        return
    measured = []
    for one in rounds(wanted.clip, wanted.rounds):
        measured.append(one)
        print(f"swap {one.swap:.2f} s, encode {one.encode:.2f} s", flush=True)
    print(f"swap / encode: {ratio(measured):.2f}")


if __name__ == "__main__":
    main()
