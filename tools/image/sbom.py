"""The bill of materials of a root: components, licences, and the hash of every file."""

from __future__ import annotations

import posixpath
import shutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.image.bundled import Library, libraries
from tools.image.contents import Entry, Own, strays, sums, walk
from tools.image.cyclonedx import Component, Licence, document, purl
from tools.image.dpkg import Database, Package, needed, read_database
from tools.image.errors import ImageError, listed
from tools.image.licences import (
    MIT,
    is_expression,
    is_spdx,
    licences,
    names_licences,
    spdx_name,
)
from tools.image.locked import Lock
from tools.image.pool import STAND_INS
from tools.image.python_packages import Distribution, distributions

PRODUCT = "face-appliance"
_DISTRIBUTION = "debian-13"
_DOC = Path("usr/share/doc")
_COMMON = Path("usr/share/common-licenses")
_LICENCE = "Apache-2.0"  # of our own code
_MODELS = ("/appliance/resources/starter", "/share/appliance/models")


@dataclass(frozen=True)
class Inputs:
    """What a root was made from.

    ``wheels`` has the SHA-256 of each wheel by its name and version; ``bundled`` the licence of a
    library in a wheel by the names of both. ``installed`` has dpkg's database and the copyright
    files, if the root itself no longer has them.
    """

    lock: Lock
    bundled: Mapping[tuple[str, str], str]
    wheels: Mapping[tuple[str, str], str]
    own: Own
    version: str
    time: int
    installed: Path | None = None


def write(root: Path, into: Path, inputs: Inputs) -> None:
    """Write ``sbom.cdx.json``, ``files.sha256`` and ``licences/`` about ``root`` into ``into``.

    Raises ``ImageError`` if a file belongs to nothing or is not as its package has it, or if a
    package is not locked or states no licence.
    """
    installed = inputs.installed or root
    database, entries = read_database(root, installed), walk(root)
    unowned = [entry.path for entry in entries if entry.path not in database.owners]
    python = tuple(distributions(root, unowned))
    unknown, altered = strays(entries, database, python, inputs.own)
    _refuse(unknown, "belong to no package", "Remove them, or list them in made-files.txt.")
    _refuse(altered, "are not as their package or tree has them", "Find out what changed them.")
    components = [
        *_debian(installed, database, inputs),
        *_python(root, python, inputs),
        *_bundled(python, entries, inputs),
        *_models(root, entries),
    ]
    bare = sorted(one.name for one in components if not one.licences)
    _refuse(bare, "state no licence", "Teach tools/image/licences.py to read it.")
    into.mkdir(parents=True, exist_ok=True)
    (into / "sbom.cdx.json").write_bytes(document(PRODUCT, inputs.version, inputs.time, components))
    (into / "files.sha256").write_text(sums(entries))
    _write_debian_licences(installed, database, into / "licences")
    _write_other_licences(root, python, entries, into / "licences")
    _copy_bills(root, python, into / "wheels")


def _refuse(names: Sequence[str], what: str, hint: str) -> None:
    if names:
        raise ImageError(f"These {what}: {listed(names)}.", hint)


def _debian(installed: Path, database: Database, inputs: Inputs) -> Iterator[Component]:
    """The Debian packages, and those that stand for others."""
    locked = {(one.name, one.version, one.architecture): one for one in inputs.lock.packages}
    urls = {one.name: _url(one) for one in database.packages}
    needs = needed(database.packages)
    missing = []
    for package in database.packages:
        name, version = package.name, package.version
        found = locked.get((name, version, package.architecture))
        if found is None and name not in STAND_INS:
            missing.append(f"{name} {version}")
        yield Component(
            "library" if name.startswith("lib") else "application",
            name,
            version,
            urls[name],
            urls[name],
            _licences(_copyright(installed, name)),
            found.sha256 if found else "",
            needs=[urls[one] for one in needs[name]],
        )
    _refuse(missing, "are not in the lock", "Build the root from the pool alone.")


def _url(package: Package) -> str:
    """The package URL; scanners look for faults by the source package, ``upstream``."""
    name, version = package.name, package.version
    if name in STAND_INS:
        return purl("generic", name, version)
    upstream = package.source
    if package.source_version != version:
        upstream += f"@{package.source_version}"
    arch = package.architecture
    return purl("deb/debian", name, version, arch=arch, distro=_DISTRIBUTION, upstream=upstream)


def _copyright(installed: Path, name: str) -> str:
    """The text on the licences of a package; empty if there is none."""
    folder = installed / _DOC / name
    if folder.is_symlink():  # to the folder of another package of the same source
        folder = folder.parent / folder.readlink()
    path = folder / "copyright"
    if path.is_symlink():
        target = str(path.readlink())
        path = installed / target.lstrip("/") if target.startswith("/") else folder / target
    return path.read_text(errors="replace") if path.is_file() else ""


def _licences(text: str) -> tuple[Licence, ...]:
    stated = names_licences(text)
    return tuple(
        Licence(name, "id" if is_spdx(name) else "name", stated) for name in licences(text)
    )


def _python(root: Path, python: Sequence[Distribution], inputs: Inputs) -> Iterator[Component]:
    """The Python packages that came as wheels; our own is not in a lock."""
    urls = {
        one.name: purl("generic" if one.name == PRODUCT else "pypi", one.name, one.version)
        for one in python
    }
    missing = []
    for one in python:
        digest = inputs.wheels.get((one.name, one.version), "")
        if not digest and one.name != PRODUCT:
            missing.append(f"{one.name} {one.version}")
        inside = [_library_reference(one, library) for library in libraries(one)]
        yield Component(
            "application" if one.name == PRODUCT else "library",
            one.name,
            one.version,
            urls[one.name],
            urls[one.name],
            _licence_of_wheel(root, one),
            digest,
            needs=[*(urls[name] for name in one.needs if name in urls), *inside],
            closed=one.name == PRODUCT,
        )
    _refuse(missing, "are not in the lock of wheels", "Install what tools.image wheels fetched.")


def _library_reference(wheel: Distribution, library: Library) -> str:
    return f"{wheel.name}:{posixpath.basename(library.path)}"


def _bundled(
    python: Sequence[Distribution], entries: Sequence[Entry], inputs: Inputs
) -> Iterator[Component]:
    """The libraries in wheels, of those that are still in the root."""
    hashes = {entry.path: entry.sha256 for entry in entries}
    for one in python:
        for library in libraries(one):
            licence = inputs.bundled.get((library.wheel, library.name), "")
            if hashes.get(library.path):
                yield Component(
                    "library",
                    library.name,
                    library.version,
                    _library_reference(one, library),
                    "",
                    (_stated(licence),) if licence else (),
                    hashes[library.path],
                    f"part of the wheel {one.name} {one.version}",
                )


def _stated(licence: str) -> Licence:
    """A licence of our own table, in which words of SPDX stand."""
    return Licence(licence, "expression" if " " in licence else "id", stated=False)


def _licence_of_wheel(root: Path, one: Distribution) -> tuple[Licence, ...]:
    """What the metadata states; failing that, what the text says of itself."""
    if one.name == PRODUCT:
        return (Licence(_LICENCE, "id"),)
    if one.expression or is_expression(one.licence):
        return (Licence(one.licence, "expression"),)
    if one.licence:
        name = spdx_name(one.licence)
        return (Licence(name, "id" if is_spdx(name) else "name"),)
    for path in one.licence_files:
        file = root / path
        if file.is_file() and file.read_text(errors="replace").lstrip().startswith(MIT):
            return (Licence("MIT", "id", stated=False),)
    return ()


def _models(root: Path, entries: Sequence[Entry]) -> Iterator[Component]:
    """The models of the starter pack, with the package that each was taken from."""
    hashes = {entry.path: entry.sha256 for entry in entries}
    known = set()
    for folder in (f for place in _MODELS for f in _folders(hashes, place)):
        pack = tomllib.loads((root / folder / "manifest.toml").read_text())
        for entry in pack["entry"]:
            path = posixpath.join(folder, entry["file"])
            digest, source = entry["sha256"], entry["source"]
            if hashes.get(path) != digest:
                raise ImageError(
                    f"The model {entry['file']} is not the one of its manifest.",
                    "Install the product's wheel again.",
                )
            if digest in known:
                continue
            known.add(digest)
            yield Component(
                "machine-learning-model" if path.endswith(".onnx") else "data",
                entry["file"],
                digest[:12],
                f"model:{entry['file']}",
                "",
                (Licence(entry["licence"], "id"),),
                digest,
                entry["conversion"],
                _ancestor(source),
            )


def _folders(paths: Iterable[str], end: str) -> Iterator[str]:
    """The folders with a manifest, of ``paths``, that end in ``end``."""
    return (f for f, _, name in (p.rpartition("/") for p in paths) if _is_pack(f, name, end))


def _is_pack(folder: str, name: str, end: str) -> bool:
    return name == "manifest.toml" and f"/{folder}".endswith(end)


def _ancestor(source: Mapping[str, str]) -> Mapping[str, str]:
    """What a model was made from."""
    if "package" not in source:
        return {}
    entry = {"type": "library", "name": source["package"], "version": source["version"]}
    if source["registry"] == "PyPI":
        entry["purl"] = purl("pypi", source["package"].lower(), source["version"])
    return entry


def _write_debian_licences(installed: Path, database: Database, into: Path) -> None:
    """Copy the text of each Debian package, and those that these refer to."""
    shutil.rmtree(into, ignore_errors=True)
    for package in database.packages:
        _put(into / "debian" / f"{package.name}.txt", _copyright(installed, package.name))
    for path in (installed / _COMMON).iterdir():
        if path.is_file() and not path.is_symlink():
            _put(into / "common" / path.name, path.read_text(errors="replace"))


def _write_other_licences(
    root: Path, python: Sequence[Distribution], entries: Sequence[Entry], into: Path
) -> None:
    """Copy the texts that wheels and models bring."""
    for one in python:
        for file in one.licence_files:
            if (root / file).is_file():
                name = file.partition(".dist-info/")[2].removeprefix("licenses/")
                text = (root / file).read_text(errors="replace")
                _put(into / "python" / one.name / name, text)
    for entry in entries:
        folder, _, name = entry.path.rpartition("/")
        if f"/{folder}".endswith(tuple(f"{place}/licenses" for place in _MODELS)):
            _put(into / "models" / name, (root / entry.path).read_text())


def _copy_bills(root: Path, python: Sequence[Distribution], into: Path) -> None:
    """Copy what wheels list of themselves."""
    shutil.rmtree(into, ignore_errors=True)
    for one in python:
        for path in one.files:
            name = path.partition(".dist-info/sboms/")[2]
            if name and (root / path).is_file():
                _put(into / one.name / name, (root / path).read_text())


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
