"""How good the swaps of the sample portraits are: a table, and a contact sheet to look at.

python -m tests.bench.quality [SHEET.png]
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import permutations

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import OVAL, eye_openness, mouth_openness
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.run import (
    SourceIdentity,
    SwapOptions,
    read_source,
    swap_photo,
)
from tests.bench.look import REGIONS, Look, LookMeter
from tests.paths import PORTRAITS

TILE = 320


@dataclass(frozen=True, slots=True)
class Swap:
    """One ordered pair: cosines before, after and to the target; errors; the look; the picture."""

    source: str
    target: str
    before: float
    after: float
    to_target: float
    mouth: float
    eyes: float
    look: Look
    tile: Image


def load_pipeline() -> Pipeline:
    """The starter pack on the CPU."""
    return Pipeline.load(ModelPack.open(), Runtime(("cpu",)))


def portraits() -> dict[str, Photo]:
    """The sample portraits by the part of their name that tells person and photo."""
    files = sorted(PORTRAITS.glob("person_*"))
    return {file.stem.removeprefix("person_"): read_photo(file.read_bytes()) for file in files}


def swap_pairs(pipeline: Pipeline, photos: dict[str, Photo]) -> list[Swap]:
    """Every ordered pair of photos of different people."""
    sources = {name: read_source(pipeline, [photo]) for name, photo in photos.items()}
    pairs = [(a, b) for a, b in permutations(photos, 2) if a[0] != b[0]]
    meter = LookMeter(pipeline.analyser.canonical)
    return [_swap(pipeline, sources, meter, photos[pair[1]], pair) for pair in pairs]


def _swap(
    pipeline: Pipeline,
    sources: dict[str, SourceIdentity],
    meter: LookMeter,
    photo: Photo,
    pair: tuple[str, str],
) -> Swap:
    source, target = pair
    result, report = swap_photo(pipeline, sources[source], photo, SwapOptions())
    before = pipeline.analyser.faces(photo.canvas)[0]
    after = pipeline.analyser.faces(result.canvas)[0]
    assert report.similarity_before is not None
    embedding = pipeline.analyser.embedding(result.canvas, after)
    eyes = zip(eye_openness(before.points), eye_openness(after.points), strict=True)
    return Swap(
        source=source,
        target=target,
        before=report.similarity_before,
        after=similarity(sources[source].embedding, embedding),
        to_target=similarity(sources[target].embedding, embedding),
        mouth=abs(mouth_openness(before.points) - mouth_openness(after.points)),
        eyes=float(np.mean([abs(a - b) for a, b in eyes])),
        look=meter.compare((_pixels(photo), before), (_pixels(result), after)),
        tile=tile(result, before),
    )


def _pixels(photo: Photo) -> Image:
    return np.asarray(photo.pixels, np.uint8)


def tile(photo: Photo, face: Face) -> Image:
    """The face and its surroundings, square."""
    oval = face.points[OVAL]
    scale = TILE / (1.8 * float(np.ptp(oval, axis=0).max()))
    shift = TILE / 2 - scale * oval.mean(axis=0)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.warpAffine(_pixels(photo), matrix, (TILE, TILE), flags=way), np.uint8)


def contact_sheet(pipeline: Pipeline, photos: dict[str, Photo], swaps: list[Swap]) -> Image:
    """Sources down the side, targets along the top."""
    own = {
        name: tile(photo, pipeline.analyser.faces(photo.canvas)[0])
        for name, photo in photos.items()
    }
    done = {(swap.source, swap.target): swap.tile for swap in swaps}
    blank = np.zeros((TILE, TILE, 3), np.uint8)
    rows = [
        np.hstack([own[source], *(done.get((source, target), blank) for target in photos)])
        for source in photos
    ]
    return np.vstack([np.hstack([blank, *own.values()]), *rows])


def table(swaps: list[Swap]) -> Table:
    """The figures of the issue against their goals."""
    gain = np.mean([swap.after - swap.before for swap in swaps])
    nearer = np.mean([swap.after > swap.to_target for swap in swaps])
    near = np.mean([swap.look.near for swap in swaps])
    bands = np.median([swap.look.contrast for swap in swaps], axis=0)
    rows = (
        ("identity: cosine to the source, after - before", f"{gain:.3f}", ">= 0.47"),
        ("nearer to the source than to the target", f"{nearer:.0%}", ">= 90 %"),
        ("mouth openness, mean error", f"{np.mean([s.mouth for s in swaps]):.4f}", "<= 0.03"),
        ("eye openness, mean error", f"{np.mean([s.eyes for s in swaps]):.4f}", "<= 0.03"),
        ("bands of the skin's contrast within 0.8-1.25 of the target's", f"{near:.0%}", ">= 65 %"),
        ("the same by band, finest first: median", " ".join(f"{one:.2f}" for one in bands), ""),
        *_chroma_rows(swaps),
    )
    result = Table(title=f"Quality over {len(swaps)} ordered portrait pairs")
    for heading in ("what", "measured", "goal"):
        result.add_column(heading, justify="left" if heading == "what" else "right")
    for row in rows:
        result.add_row(*row)
    return result


def _chroma_rows(swaps: list[Swap]) -> list[tuple[str, str, str]]:
    rows = []
    for name in REGIONS:
        off = [swap.look.chroma[name] for swap in swaps if name in swap.look.chroma]
        rows.append((f"chroma of the {name}, distance to the target's", f"{np.mean(off):.4f}", ""))
    return rows


def main() -> None:
    """Print the table; write the sheet where asked."""
    pipeline, photos = load_pipeline(), portraits()
    swaps = swap_pairs(pipeline, photos)
    Console().print(table(swaps))
    if len(sys.argv) > 1:
        sheet = cv2.cvtColor(contact_sheet(pipeline, photos, swaps), cv2.COLOR_RGB2BGR)
        cv2.imwrite(sys.argv[1], sheet)


if __name__ == "__main__":
    main()
