"""apt in a folder of its own: the machine's packages and lists play no part."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.image.errors import ImageError
from tools.image.locked import Locked

SUITE = "trixie"
ARCHITECTURE = "amd64"

_SOURCES = Path("/etc/apt")
_MIRROR = re.compile(r"https?://\S+/debian(?=/?(?:\s|$))", re.MULTILINE)
# Debian's own keys, and no others that this machine may trust.
_SIGNED = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"
_SNAPSHOT = "https://snapshot.debian.org/archive"
# The snapshot of an archive is taken some hours after its date; what came out a day later may
# already have replaced a package.
_DELAYS = (timedelta(hours=6), timedelta(hours=24))

_URI = re.compile(r"'[^']+' (\S+_\S+_(?:amd64|all)\.deb) [0-9]+ .*")
_FIELDS = re.compile(r"^(Package|Version|Architecture|SHA256|Size): (.+)$", re.MULTILINE)
_HELPER = "/usr/lib/apt/apt-helper"


def machine_mirror(folder: Path = _SOURCES) -> str:
    """The mirror of Debian that this machine uses; ``folder`` has apt's settings.

    Raises ``ImageError`` if apt's sources name none.
    """
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for file in files:
        if file.is_file() and file.suffix in {".list", ".sources"}:
            lines = (line for line in file.read_text().splitlines() if not line.startswith("#"))
            if found := _MIRROR.search("\n".join(lines)):
                return found[0]
    raise ImageError("apt's sources name no mirror of Debian.", "Name one with --mirror.")


def sources(mirror: str) -> tuple[str, ...]:
    """Lines of apt for the suite and its security updates at ``mirror``."""
    return (
        f"deb [{_SIGNED}] {mirror} {SUITE} main",
        f"deb [{_SIGNED}] {mirror}-security {SUITE}-security main",
    )


def snapshot_sources(archive: datetime) -> tuple[str, ...]:
    """Lines of apt for what snapshot.debian.org kept of the archive of the time ``archive``."""
    lines = []
    for delay in _DELAYS:
        time = (archive + delay).strftime("%Y%m%dT%H%M%SZ")
        for kept, suite in (("debian", SUITE), ("debian-security", f"{SUITE}-security")):
            options = f"{_SIGNED} check-valid-until=no"
            lines.append(f"deb [{options}] {_SNAPSHOT}/{kept}/{time} {suite} main")
    return tuple(lines)


@dataclass(frozen=True)
class Apt:
    """apt with its state in ``folder``, and its lists of packages already there."""

    folder: Path

    def resolve(self, wanted: Sequence[str]) -> tuple[Locked, ...]:
        """The files that an empty root needs for ``wanted`` and for what every root has.

        Packages from folders of this machine are left out.

        Raises ``ImageError`` if they cannot be installed together.
        """
        always = ("?essential", "?priority(required)", "apt")
        command = ("install", "--print-uris", "--yes", "--no-install-recommends")
        text = self._run("apt-get", *command, *always, *wanted)
        uris = (_URI.fullmatch(line) for line in text.splitlines())
        files = {uri[1] for uri in uris if uri is not None}
        return tuple(one for one in self.offers() if one.file in files)

    def version(self, name: str) -> str:
        """The version of ``name`` that would be installed.

        Raises ``ImageError`` if there is none.
        """
        text = self._run("apt-cache", "show", "--no-all-versions", name)
        found = re.search(r"^Version: (\S+)$", text, re.MULTILINE)
        if found is None:
            raise ImageError(f"Debian has no package {name}.", "Correct the list of packages.")
        return found[1]

    def archive(self) -> datetime:
        """The date of the newest list of packages."""
        dates = []
        for release in (self.folder / "lists").glob("*Release"):
            found = re.search(r"^Date: (.+)$", release.read_text(), re.MULTILINE)
            if found:
                dates.append(parsedate_to_datetime(found[1]).astimezone(UTC))
        return max(dates)

    def offers(self) -> frozenset[Locked]:
        """Every file that the lists offer."""
        found = set()
        for index in (self.folder / "lists").glob("*_Packages*"):
            for stanza in self._run(_HELPER, "cat-file", str(index)).split("\n\n"):
                have = dict(_FIELDS.findall(stanza))
                if have:
                    facts = (have["Package"], have["Version"], have["Architecture"], have["SHA256"])
                    found.add(Locked(*facts, int(have["Size"])))
        return frozenset(found)

    def download(self, packages: Sequence[Locked], into: Path) -> None:
        """Put the files of ``packages`` into the folder ``into``; apt compares their hashes.

        Raises ``ImageError`` if apt cannot.
        """
        names = [f"{one.name}:{ARCHITECTURE}={one.version}" for one in packages]
        self._run("apt-get", "--quiet", "download", *names, cwd=into)

    def update(self) -> None:
        """Fetch the lists.

        Raises ``ImageError`` if a mirror cannot be reached, or its signature is wrong.
        """
        self._run("apt-get", "--quiet", "--error-on=any", "update")

    def _run(self, program: str, *arguments: str, cwd: Path | None = None) -> str:
        command = [program, *self._options(), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
        if done.returncode:
            # A mirror's address may be somebody's own.
            lines = [line for line in done.stderr.splitlines() if line.startswith(("E:", "W:"))]
            reason = re.sub(r"\S*(?:://|/)\S*", "…", " ".join(lines[:3]))
            raise ImageError(f"apt failed: {reason}", "Look at the mirror and the package list.")
        return done.stdout

    def _options(self) -> list[str]:
        folder = self.folder
        values = {
            "Dir::Etc::SourceList": folder / "sources.list",
            "Dir::Etc::SourceParts": "-",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "-",
            "Dir::State": folder,
            "Dir::State::Lists": folder / "lists",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder,
            "APT::Architecture": ARCHITECTURE,
            "APT::Architectures": ARCHITECTURE,
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
        }
        return [f"-o{name}={value}" for name, value in values.items()]


@contextmanager
def apt(lines: Sequence[str]) -> Iterator[Apt]:
    """Give apt with the sources ``lines``, its lists fetched.

    Raises ``ImageError`` if they cannot be.
    """
    with TemporaryDirectory(prefix="apt-") as name:
        folder = Path(name)
        for part in ("lists/partial", "archives/partial"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text("".join(f"{line}\n" for line in lines))
        here = Apt(folder)
        here.update()
        yield here
