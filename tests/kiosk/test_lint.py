"""QML, read by Qt's own linter."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.kiosk import sources

# What the linter has to know of the types that the kiosk makes at run time.
_QMLDIR = "module Kiosk\ntypeinfo kiosk.qmltypes\ndepends QtQuick\n"
_TYPES = """\
import QtQuick.tooling 1.2
Module {{
    Component {{
        name: "PictureItem"; accessSemantics: "reference"; prototype: "QQuickItem"
        exports: ["Kiosk/PictureItem 1.0"]; exportMetaObjectRevisions: [256]
        Property {{ name: "name"; type: "QString" }}
        Property {{ name: "mirrored"; type: "bool" }}
        Property {{ name: "pictureWidth"; type: "int"; isReadonly: true }}
        Property {{ name: "pictureHeight"; type: "int"; isReadonly: true }}
    }}
    Component {{
        name: "LoupeItem"; accessSemantics: "reference"; prototype: "QQuickItem"
        exports: ["Kiosk/LoupeItem 1.0"]; exportMetaObjectRevisions: [256]
        Property {{ name: "name"; type: "QString" }}
        Property {{ name: "at"; type: "QPointF" }}
        Property {{ name: "enlarged"; type: "double" }}
    }}
    Component {{
        name: "Bridge"; accessSemantics: "reference"; prototype: "QObject"
        exports: ["Kiosk/Kiosk 1.0"]; exportMetaObjectRevisions: [256]
        isCreatable: false; isSingleton: true
        {models}
        Method {{
            name: "act"
            Parameter {{ name: "name"; type: "QString" }}
            Parameter {{ name: "arguments"; type: "QVariantList" }}
        }}
    }}
}}
"""


def lint(folder: Path, *paths: Path) -> str:
    """What the linter says of these files, with the types of the kiosk in ``folder``."""
    types = folder / "Kiosk"
    types.mkdir()
    models = sorted({"words", *(model for _, model, _ in sources.values())})
    lines = [f'Property {{ name: "{model}"; type: "QVariant" }}' for model in models]
    (types / "qmldir").write_text(_QMLDIR)
    (types / "kiosk.qmltypes").write_text(_TYPES.format(models="\n        ".join(lines)))
    program = Path(sys.executable).with_name("pyside6-qmllint")
    # An access without a qualifier is what delegates are made of.
    options = ("-I", folder, "--max-warnings", "0", "--unqualified", "disable")
    done = subprocess.run([program, *options, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_linter_finds_nothing(tmp_path: Path) -> None:
    assert lint(tmp_path, *sorted(sources.QML.rglob("*.qml"))) == ""


def test_the_linter_would_find_a_property_that_does_not_exist(tmp_path: Path) -> None:
    bad = tmp_path / "Bad.qml"
    text = (sources.QML / "controls" / "Label.qml").read_text("utf-8")
    bad.write_text(text.replace("wrapMode", "wrappingMode"))
    (types := tmp_path / "types").mkdir()
    assert re.search(r"wrappingMode.*\[missing-property\]", lint(types, bad))
