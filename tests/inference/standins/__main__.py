"""Writes stand-ins into a folder; see the package."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.inference import standins


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("families", nargs="*", metavar="FAMILY", default=standins.FAMILIES)
    parser.add_argument("--size", choices=["tiny", "bench"], default="tiny")
    parser.add_argument("--half", action="store_true", help="fp16 within, float32 without")
    parser.add_argument("--batch", action="store_true", help="leave the batch free")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    for family in wanted.families:
        made = standins.model(family, wanted.size, half=wanted.half, batched=wanted.batch)
        data = made.SerializeToString()
        (wanted.folder / f"{family}.onnx").write_bytes(data)
        print(f"{family:24} {len(data) / 2**20:8.1f} MiB")


if __name__ == "__main__":
    main()
