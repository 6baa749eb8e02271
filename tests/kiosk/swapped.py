"""What the screens of a swap in a project may show, from fixed values."""

from __future__ import annotations

from collections.abc import Callable

from appliance.kiosk.models.persons import Found
from appliance.kiosk.models.results import Made
from appliance.kiosk.models.series import Entry
from appliance.kiosk.models.swap import Engine
from appliance.kiosk.models.taking import Tile
from tests.kiosk.drawn_head import head
from tests.kiosk.stage import Stage


def taking(name: str, *, typing: bool = False, importing: int = 0) -> Callable[[Stage], None]:
    """Files for a use; ``name`` of the view model."""

    def fill(stage: Stage) -> None:
        in_a_project(stage)
        for number in (1, 2, 3, 4):
            stage.pictures.put(f"clip-{number}", head(4 * number))
        films = [Tile(4, "clip-4", True, 12.4)] if name == "target" else []
        stage.model(name).show(
            has_disc=True,
            files=[
                Entry(1, "front.jpg", 820, ""),
                Entry(2, "a-take-with-a-name-that-is-too-long.mp4", 4_000_000, ""),
                Entry(3, "archive.zip", 9000, "packed"),
            ],
            tiles=[*(Tile(one, f"clip-{one}", False, 0.0) for one in (1, 2, 3)), *films],
            chosen=[4] if films else [1, 3],
            asks=True,
            typing=typing,
            reference="C-2026" if typing else "",
            consent="C-2026-0142",
            importing=importing,
        )

    return fill


def nothing_taken(stage: Stage) -> None:
    in_a_project(stage)
    stage.model("target").show(has_disc=True)


def in_a_project(stage: Stage) -> None:
    stage.model("session").show(project="north")
    stage.model("bar").show(engine="mesh")


def persons(stage: Stage) -> None:
    in_a_project(stage)
    stage.pictures.put("before", head())
    stage.pictures.put("clip-2", head(8))
    stage.model("persons").show(
        found=[
            Found(0.25, 0.2, 0.5, 0.55, ["all", "largest", "left"]),
            Found(0.8, 0.1, 0.15, 0.2, ["all", "right"]),
        ],
        choice="largest",
        seconds=12.4,
        at=3.2,
    )


def like(stage: Stage) -> None:
    persons(stage)
    stage.model("persons").show(choice="like", like="clip-2", seconds=0.0)


def swap(stage: Stage) -> None:
    in_a_project(stage)
    stage.pictures.put("before", head())
    stage.pictures.put("after", head(8))
    stage.model("swap").show(strengths={"face": 100, "nose": 60}, seconds=12.4, at=3.2, fresh=True)


def engines(stage: Stage) -> None:
    swap(stage)
    stage.model("swap").show(
        panel="engine",
        engines=[
            Engine("", "mesh", usable=True),
            Engine("north", "inswapper", usable=True),
            Engine("old", "old", usable=False),
        ],
        engine="north",
        offers=["x2", "restore", "in-front"],
        missing=True,
        seconds=0.0,
    )


def results(stage: Stage) -> None:
    in_a_project(stage)
    for name, shift in (("clip-5", 8), ("clip-6", 4), ("result-before", 0), ("result-after", 8)):
        stage.pictures.put(name, head(shift))
    stage.model("results").show(
        made=[Made(5, "clip-5", True, 12.4, "mesh"), Made(6, "clip-6", False, 0.0, "onnx")],
        chosen=5,
        has_before=True,
        seconds=12.4,
        at=3.2,
    )


def making(stage: Stage) -> None:
    results(stage)
    stage.model("results").show(making=True, done=212, total=310, left=74)
