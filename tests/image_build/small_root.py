"""A small root, as a builder hands it over: packages of Debian, a wheel, a model, our files."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tools.image.contents import Own
from tools.image.locked import Lock, Locked
from tools.image.sbom import Inputs

PYTHON = "usr/local/lib/python3.13/dist-packages"
MADE = ("var/lib/dpkg/*", "etc/ld.so.cache")
TIME = 1764460800  # s since 1970

_DEP5 = (
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
    "Files: *\nCopyright: somebody\nLicense: GPL-2+\n This program is free.\n\n"
    "Files: x/*\nCopyright: somebody\nLicense: Expat\n"
)
_PROSE = "The licence of sed lies in `/usr/share/common-licenses/GPL-3'.\n"
_METADATA = "Metadata-Version: 2.4\nName: Small_Wheel\nVersion: 1.0\nLicense-Expression: MIT\n"
_MANIFEST = """
format = 1
name = "starter"

[[entry]]
file = "tiny.onnx"
sha256 = "{}"
licence = "Apache-2.0"
conversion = "none"
[entry.source]
registry = "PyPI"
package = "Tiny"
version = "2.0"
"""


@dataclass(frozen=True)
class SmallRoot:
    """The root, the tree that was copied into it, and what it was built from."""

    root: Path
    own: Path
    inputs: Inputs

    def write(self, path: str, content: str) -> None:
        """Write a file of the root."""
        put(self.root, path, content)

    def with_lock(self, *packages: Locked) -> Inputs:
        """The inputs with another lock."""
        return replace(self.inputs, lock=Lock(self.inputs.lock.archive, packages))


def put(root: Path, path: str, content: str) -> str:
    """Write a file below ``root``, and return its MD5 as dpkg states it."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)
    return hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()


def small_root(folder: Path) -> SmallRoot:
    """A root in ``folder``, in which everything is accounted for."""
    root, own = folder / "root", folder / "own"
    (root / "usr/lib").mkdir(parents=True)
    (root / "lib").symlink_to("usr/lib")
    _package(root, "libsmall1:amd64", {"lib/libsmall.so.1": "code"}, _DEP5)
    _package(root, "sed", {"usr/bin/sed": "program", "usr/lib/python3/sed.py": "x = 1"}, _PROSE)
    put(root, "usr/lib/python3/__pycache__/sed.cpython-313.pyc", "compiled")
    (root / "usr/bin/sed-link").symlink_to("sed")
    status = [
        _stanza(
            "libsmall1",
            "2:1.0+b1",
            "amd64",
            "Source: small (2:1.0)\nProvides: libvirtual (= 1), libother\n",
        ),
        _stanza("sed", "4.9", "amd64", "Depends: libnone | libvirtual:any (>= 1), gone\n"),
        _stanza("gone", "1", "all", "").replace("ok installed", "ok config-files"),
    ]
    put(root, "var/lib/dpkg/status", "\n".join(status))
    put(root, "usr/share/common-licenses/GPL-3", "GNU GENERAL PUBLIC LICENSE")
    with (root / "var/lib/dpkg/info/sed.list").open("a") as listed:
        listed.write("/lib\n/usr/bin/sed-link\n/usr/share/common-licenses/GPL-3\n")
    put(root, "etc/ld.so.cache", "cache")
    wheel = {"small_wheel.py": "y = 1", "small_wheel.libs/libbit-0a1b2c3d.so.7.1": "code"}
    _wheel(root, "small_wheel-1.0", _METADATA, wheel)
    model = "weights"
    manifest = _MANIFEST.format(hashlib.sha256(model.encode()).hexdigest())
    starter = {"__init__.py": "", "resources/starter/tiny.onnx": model}
    files = {**starter, "resources/starter/manifest.toml": manifest}
    requires = "Requires-Dist: small.wheel>=1\nRequires-Dist: other; extra == 'x'\n"
    ours = requires + _METADATA.replace("Small_Wheel", "face-appliance").replace(
        "MIT", "Apache-2.0"
    )
    _wheel(root, "face_appliance-1.0", ours, {f"appliance/{name}": files[name] for name in files})
    for tree in (root, own):
        put(tree, "usr/lib/appliance/image.json", "{}")
    lock = Lock(datetime(2026, 11, 29, tzinfo=UTC), LOCKED)
    wheels = {("small-wheel", "1.0"): "c" * 64}
    return SmallRoot(
        root, own, Inputs(lock, BUNDLED, wheels, Own(MADE, (), (("", own),)), "0.1.0", TIME)
    )


BUNDLED = {("small-wheel", "libbit"): "GPL-2.0-or-later OR MIT"}
LOCKED = (
    Locked("libsmall1", "2:1.0+b1", "amd64", "a" * 64, 1),
    Locked("sed", "4.9", "amd64", "b" * 64, 1),
)


def _stanza(name: str, version: str, architecture: str, more: str) -> str:
    return (
        f"Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\n"
        f"{more}Version: {version}\nDescription: small\n in two lines\n"
    )


def _package(root: Path, name: str, files: dict[str, str], copyright_text: str) -> None:
    """Install a package: its files, and dpkg's lists of them."""
    bare = name.partition(":")[0]
    whole = {**files, f"usr/share/doc/{bare}/copyright": copyright_text}
    sums = {path: put(root, path, content) for path, content in whole.items()}
    info = "var/lib/dpkg/info"
    put(root, f"{info}/{name}.list", "/.\n" + "".join(f"/{path}\n" for path in whole))
    put(root, f"{info}/{name}.md5sums", "".join(f"{sums[path]}  {path}\n" for path in sums))


def _wheel(root: Path, name: str, metadata: str, files: dict[str, str]) -> None:
    """Install a wheel: its files, and its RECORD."""
    info = f"{name}.dist-info"
    whole = {**files, f"{info}/METADATA": metadata, f"{info}/licenses/LICENSE": "The MIT License"}
    lines = []
    for path, content in whole.items():
        put(root, f"{PYTHON}/{path}", content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=")
        lines.append(f"{path},sha256={digest.decode()},{len(content)}\n")
    put(root, f"{PYTHON}/{info}/RECORD", "".join(lines) + f"{info}/RECORD,,\n")
