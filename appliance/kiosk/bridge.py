"""What QML sees: the singleton ``Kiosk``, with the values of all view models and a way to act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Property, QObject, Slot
from PySide6.QtQml import QQmlPropertyMap

from appliance.kiosk.bugs import report_bug
from appliance.kiosk.models.model import Model, fit
from appliance.kiosk.words.catalogue import Language, words


class Bridge(QObject):
    """One map of values for each model, and the words of the language that the place has."""

    def __init__(self, models: Mapping[str, Model[Any]]) -> None:
        super().__init__()
        self._models = models
        self._maps: dict[str, QQmlPropertyMap] = {}
        for name, model in models.items():
            values = QQmlPropertyMap(self)
            for key, value in model.values().items():
                values.insert(key, value)
            model.listener = self._listener(name, values)
            self._maps[name] = values
        self._words = QQmlPropertyMap(self)
        self._speak(models["place"].state.language)

    @Slot(str, list)
    def act(self, name: str, arguments: list[Any]) -> None:
        """Do what a person asked for: ``name`` is MODEL.ACTION; anything else does nothing.

        So do arguments that the action does not declare. A bug in an action is reported, and the
        screen goes on.
        """
        where, _, what = name.partition(".")
        model = self._models.get(where)
        method = None if model is None else type(model).action(what)
        fitting = None if method is None else fit(method, arguments)
        if method is None or fitting is None:
            return
        try:
            method(model, *fitting)
        except Exception as bug:  # noqa: BLE001 - Qt would print its text, which may hold a name
            report_bug(bug)

    def _listener(self, name: str, values: QQmlPropertyMap) -> Any:
        def changed(key: str, value: Any) -> None:
            values.insert(key, value)
            if name == "place" and key == "language":
                self._speak(value)

        return changed

    def _speak(self, language: Language) -> None:
        for key, text in words(language).items():
            self._words.insert(key, text)

    def _map(self, name: str) -> QQmlPropertyMap:
        return self._maps[name]


def _property(name: str) -> Property:
    return Property(QObject, lambda bridge: bridge._map(name), constant=True)  # noqa: SLF001


def bridge_of(models: Mapping[str, Model[Any]]) -> Bridge:
    """A bridge with a constant property for each model."""
    properties = {name: _property(name) for name in models}
    words_of = Property(QObject, lambda bridge: bridge._words, constant=True)  # noqa: SLF001
    kind = type("Kiosk", (Bridge,), {**properties, "words": words_of})
    made: Bridge = kind(models)
    return made
