"""What a site makes before its machine is switched on, with the program of the appliance itself.

Two people's tokens, keys of releases, a policy and the bundle of it all, signed by two, on a disc.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.disc_reader.discs import burn
from tests.paths import REPOSITORY

ANCHOR = "release/anchor.pem"
"""In a site's folder: by which its released files are checked."""

BUNDLE = "appliance-provision.bundle"

_SIGNERS = "carla", "dora"
_PASSWORD = "of their keys"  # noqa: S105 - of keys that live as long as the test
_CHANGES = {
    # An emulated machine is slow, has little memory, and nobody to touch it in between.
    "backend: luks ": "backend: memory",
    "size_mib: 20480": "size_mib: 256  ",
    "slots: 8": "slots: 2",
    "idle_seconds: 600": "idle_seconds: 3600",
    "valid_seconds: 900": "valid_seconds: 3600",
}


def write_site(folder: Path, lines: str, roles: str) -> Path:
    """The disc with the bundle of a new site, all in the new ``folder``.

    ``lines``: of the tokens; ``roles``: who has which.
    """
    parts = folder / "parts"
    parts.mkdir(parents=True)
    _appliance("release", "keys", "--organisation", "Lab", str(folder / "release"))
    shutil.copytree(folder / "release", parts / "release")
    (parts / "release/anchor.key").unlink()
    (parts / "tokens").write_text(lines)
    (parts / "roles").write_text(roles)
    (parts / "policy.yaml").write_text(_policy())
    for signer in _SIGNERS:
        _appliance("models", "keygen", str(folder / f"{signer}.key"))
    (parts / "site.toml").write_text(_site(folder))
    return _burned(folder, folder / BUNDLE, "--number", "1")


def write_reset(folder: Path) -> Path:
    """The disc that has a machine of the site in ``folder`` erased, and then set up as before."""
    return _burned(folder, folder / "reset.bundle", "--number", "2", "--factory-reset")


def _burned(folder: Path, bundle: Path, *options: str) -> Path:
    """A disc with a new bundle, signed."""
    _appliance("provision", "make", str(folder / "parts"), str(bundle), *options)
    for signer in _SIGNERS:
        _appliance("provision", "sign", str(bundle), "--key", str(folder / f"{signer}.key"))
    _appliance("provision", "check", str(bundle))
    disc = bundle.with_suffix(".iso")
    burn(disc, {BUNDLE: bundle.read_bytes()})
    return disc


def _policy() -> str:
    """A clinic's, changed where an emulated machine needs it."""
    text = (REPOSITORY / "policies/clinic.yaml").read_text()
    for before, after in _CHANGES.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def _site(folder: Path) -> str:
    keys = {one: (folder / f"{one}.pub").read_text().splitlines()[1] for one in _SIGNERS}
    signers = "".join(f'{name} = "{key}"\n' for name, key in keys.items())
    return f'appliance = "lab-1"\n\n[signers]\n{signers}'


def _appliance(*words: str) -> None:
    """The program, as people call it; what it says is shown if it fails."""
    command = [sys.executable, "-m", "appliance.cli.main", *words]
    answers = 2 * f"{_PASSWORD}\n"
    done = subprocess.run(command, input=answers, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
