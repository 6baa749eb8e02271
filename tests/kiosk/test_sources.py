"""What QML asks of the view models exists there, and is asked for as it is declared."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from appliance.kiosk.calls.services import Services
from appliance.kiosk.models.model import Model
from appliance.kiosk.models.place import Place
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.window import _models
from tests.kiosk import sources


class _NoPictures:
    def decode(self, data: bytes) -> object:
        return data

    def put(self, name: str, picture: object) -> None: ...

    def copy(self, name: str, to: str) -> None: ...

    def clear(self) -> None: ...


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model[Any]]:
    nowhere = Path(tmp_path_factory.mktemp("nowhere")) / "socket"
    services = Services(nowhere, lambda _: None)
    return _models(Shared(services, Place(), _NoPictures()))


def test_every_value_that_a_screen_shows_is_one_of_its_model(
    models: dict[str, Model[Any]],
) -> None:
    for file, model, value in sources.values():
        assert model in models, (file, model)
        assert value in models[model].values(), (file, model, value)


def test_every_action_that_a_screen_asks_for_is_one_of_its_model(
    models: dict[str, Model[Any]],
) -> None:
    asked = sources.acts()
    assert len(asked) > 40
    for act in asked:
        assert act.names, act
        for name in act.names:
            model, _, what = name.partition(".")
            methods = actions(models[model])
            if what:
                assert what in methods, act
                assert len(inspect.signature(methods[what]).parameters) - 1 == act.count, act
            else:
                assert act.names == ("request.",), act


def test_every_action_is_asked_for(models: dict[str, Model[Any]]) -> None:
    asked = {name for act in sources.acts() for name in act.names}
    for step in ("ask", "decide", "burn"):
        asked.add(f"request.{step}")
    there = {f"{name}.{what}" for name, model in models.items() for what in actions(model)}
    assert there - asked <= {"face.move"}, "no screen lets a point be dragged yet"


def actions(model: Model[Any]) -> dict[str, Any]:
    """All methods of a model that a screen may call."""
    kind = type(model)
    return {name: method for name in dir(kind) if (method := kind.action(name)) is not None}
