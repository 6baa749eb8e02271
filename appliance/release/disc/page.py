"""The page for whoever gets a disc: what is on it and how it is checked, in two languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from appliance.release.record import ReleaseRecord

PAGE: Final = "index.html"
ARCHIVE: Final = "disc.tar.age"
"""Name on an encrypted disc of the file with everything else."""

Medium: TypeAlias = Literal["disc", "folder"]

_FOLDERS = frozenset(("DICOM", "audit", "ledger"))

_pages = Environment(
    loader=PackageLoader("appliance.release.disc"),
    autoescape=select_autoescape(["html.j2"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.get_template("disc.html.j2")  # a sealed process cannot read it later


def disc_page(
    records: Sequence[ReleaseRecord],
    name: Callable[[ReleaseRecord], str],
    made: int,
    medium: Medium,
    *,
    further: Iterable[str] = (),
    encrypted: bool = False,
) -> bytes:
    """The page as UTF-8, without any picture; ``name``: where a copy lies, ``made`` in ms.

    ``further``: names of other files from the root, of which the page explains the known folders.
    """
    rows = [
        (name(record), record.number, record.media, record.engine)
        for record in sorted(records, key=lambda record: record.number)
    ]
    day = f"{datetime.fromtimestamp(made / 1000, UTC):%Y-%m-%d}"
    text = _pages.get_template("disc.html.j2").render(
        rows=rows,
        day=day,
        folders={name.partition("/")[0] for name in further} & _FOLDERS,
        here=medium,
        here_zh={"disc": "光盘", "folder": "文件夹"}[medium],
        encrypted=encrypted,
        archive=ARCHIVE,
    )
    return text.encode()
