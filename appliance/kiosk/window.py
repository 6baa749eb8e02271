"""The window: Qt, the view models, and what makes time pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer, QUrl, Signal
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtQml import QQmlApplicationEngine, qmlRegisterSingletonInstance
from PySide6.QtQuick import QQuickWindow

from appliance.kiosk.bridge import bridge_of
from appliance.kiosk.bugs import report_bug
from appliance.kiosk.calls.services import Services
from appliance.kiosk.loading import load_ahead
from appliance.kiosk.models.agreement import Agreement
from appliance.kiosk.models.audit import Audit
from appliance.kiosk.models.bar import Bar
from appliance.kiosk.models.changes import Changes
from appliance.kiosk.models.compare import Compare
from appliance.kiosk.models.consent import Consent
from appliance.kiosk.models.face import Face
from appliance.kiosk.models.machine import Machine
from appliance.kiosk.models.model import Model
from appliance.kiosk.models.persons import Persons
from appliance.kiosk.models.place import Place
from appliance.kiosk.models.request import Request
from appliance.kiosk.models.results import Results
from appliance.kiosk.models.series import Series
from appliance.kiosk.models.session import Session
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.swap import Swap
from appliance.kiosk.models.taking import Taking
from appliance.kiosk.models.training import Training
from appliance.kiosk.models.variants import Variants
from appliance.kiosk.models.views import Views
from appliance.kiosk.pictures import loupe
from appliance.kiosk.pictures.item import PictureItem, register
from appliance.kiosk.pictures.store import PictureStore
from appliance.kiosk.words.catalogue import Language

_MINUTE = 15_000  # milliseconds, after which the time left is shown again
_SECOND = 1_000  # milliseconds, after which what may have changed is asked or shown again
_TOKENS = 500  # milliseconds, after which software tokens are asked for
_READING = 60  # seconds, for which a refusal is shown to who is left without a session
_TOUCH = 5.0  # seconds, within which the broker hears of one touch


def _safely(act: Callable[[], object]) -> None:
    """Call ``act``; a bug in it is reported: Qt would print its text, which may hold a name."""
    try:
        act()
    except Exception as bug:  # noqa: BLE001
        report_bug(bug)


class _Post(QObject):
    """Has functions called on the thread that made it."""

    _posted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._posted.connect(_safely)

    def __call__(self, act: Callable[[], object]) -> None:
        self._posted.emit(act)


class _Touches(QObject):
    """Calls ``touched`` when a person does something, not more than once in a while."""

    _KINDS = (
        QEvent.Type.MouseButtonPress,
        QEvent.Type.TouchBegin,
        QEvent.Type.KeyPress,
    )

    def __init__(self, touched: Callable[[], None]) -> None:
        super().__init__()
        self._touched = touched
        self._last = 0.0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Called by Qt with every event; lets all of them through."""
        if event.type() in self._KINDS and time.monotonic() - self._last > _TOUCH:
            self._last = time.monotonic()
            _safely(self._touched)
        return False


class Screen:
    """The application's window with all that belongs to it."""

    def __init__(
        self,
        application: QGuiApplication,
        broker: Path,
        disc: Path | None = None,
        training: Path | None = None,
        language: Language = "en",
    ) -> None:
        self._application = application
        self._post = _Post()
        services = Services(broker, self._post, disc, training)
        store = PictureStore()
        self.shared = Shared(services, Place(language), store)
        self.models = _models(self.shared)
        _load_fonts()
        register(store)
        loupe.register(store)
        self.bridge = bridge_of(self.models)
        # The stubs of PySide6 want bytes here, which it refuses.
        name: Any = "Kiosk"
        qmlRegisterSingletonInstance(QObject, "Kiosk", 1, 0, name, self.bridge)
        self._engine = QQmlApplicationEngine()
        self._engine.load(QUrl.fromLocalFile(str(files(__package__) / "qml" / "Main.qml")))
        roots = self._engine.rootObjects()
        if not roots:
            raise RuntimeError("the screen cannot be drawn")
        self.window: QQuickWindow = roots[0]  # type: ignore[assignment]
        PictureItem.shown_in = self.window
        self._touches = _Touches(self.session.touch)
        self.window.installEventFilter(self._touches)
        self._timers = [
            self._every(_MINUTE, self._pass_time),
            self._every(_SECOND, self._pass_second),
        ]
        if training is not None:
            self._timers.append(self._every(_TOKENS, self.training.refresh))
            self.training.refresh()
        self._end: Callable[[Language], object] | None = None
        self._left_for: int | None = None  # seconds; ``None`` before someone has worked here
        self.session.watch()

    def close(self) -> None:
        """Hang up, and take the window away."""
        for timer in self._timers:
            timer.stop()
        self.session.close()
        self.shared.close()
        self.window.close()

    def after_a_session(self, end: Callable[[Language], object]) -> None:
        """Call ``end`` with the language once someone has worked here, and has left.

        What was refused is read before, for up to a minute.
        """
        self._end = end

    @property
    def session(self) -> Session:
        """The view model of the session."""
        session: Session = self.models["session"]  # type: ignore[assignment]
        return session

    @property
    def training(self) -> Training:
        """The view model of software tokens."""
        training: Training = self.models["training"]  # type: ignore[assignment]
        return training

    def load_ahead(self) -> list[str]:
        """Load what the screens need; returns what Qt cannot load of it."""
        return load_ahead(self._engine, Path(str(files(__package__))) / "qml")

    def _end_if_left(self) -> None:
        if self.session.is_used:
            self._left_for = 0
        elif self._left_for is not None:
            self._left_for += 1
            place = self.shared.place.state
            if self._end and (not place.refusal or self._left_for > _READING):
                self._end(place.language)

    def _pass_second(self) -> None:
        self.session.look_again()
        self._end_if_left()
        results: Results = self.models["results"]  # type: ignore[assignment]
        results.pass_time()

    def _pass_time(self) -> None:
        self.session.pass_time()
        request: Request = self.models["request"]  # type: ignore[assignment]
        request.pass_time()

    def _every(self, milliseconds: int, act: Callable[[], object]) -> QTimer:
        timer = QTimer()
        timer.setInterval(milliseconds)
        timer.timeout.connect(lambda: _safely(act))
        timer.start()
        return timer


def _models(shared: Shared) -> dict[str, Model[Any]]:
    changes = Changes(shared)
    consent, series = Consent(shared), Series(shared)
    audit, machine = Audit(shared), Machine(shared)
    bar = Bar()
    swap = Swap(shared, bar)
    work: dict[str, Model[Any]] = {
        "consent": consent,
        "series": series,
        "face": Face(shared),
        "changes": changes,
        "hand": changes.hand,
        "compare": Compare(shared),
        "variants": Variants(shared),
        "agreement": Agreement(shared),
        "request": Request(shared),
        "audit": audit,
        "audit_sessions": audit.sessions,
        "audit_entries": audit.entries,
        "audit_export": audit.export,
        "machine": machine,
        "sources": Taking(shared, "source"),
        "target": Taking(shared, "target"),
        "likeness": Taking(shared, "reference"),
        "persons": Persons(shared),
        "swap": swap,
        "results": Results(shared, swap),
    }

    def begin() -> None:
        for model in work.values():
            model.forget()
            model.start_over()

    def forget() -> None:
        for model in work.values():
            model.forget()
        QGuiApplication.clipboard().clear()

    def resume() -> None:
        consent.resume()
        series.resume()

    views = Views(shared, bar, audit, machine)
    session = Session(shared, bar, begin, forget, resume, views=views)
    return {
        "place": shared.place,
        "bar": bar,
        "session": session,
        "login": session.login,
        "training": Training(shared),
        **work,
    }


def _load_fonts() -> None:
    for font in sorted((Path(str(files(__package__))) / "fonts").glob("*.otf")):
        QFontDatabase.addApplicationFont(str(font))
    # Every Text starts from this font. Without it the letters follow fontconfig's settings.
    unhinted = QGuiApplication.font()
    unhinted.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    QGuiApplication.setFont(unhinted)
