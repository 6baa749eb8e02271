"""What was measured of this user's packs: kept in the state folder, beside the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import MappingProxyType

from appliance.audit.keys.locations import state_folder
from appliance.errors import ApplianceError, OutputError
from appliance.inference.calibrate import Trial, calibrate
from appliance.inference.families import CONTRACTS
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.tuning import FILE, Setting, Settings, Tuning
from appliance.policy.policy import Policy

TuningCallback = Callable[[str, Setting, Sequence[Trial]], None]
"""Called with each role, what suits it, and what was tried."""


def tuning_file() -> Path:
    """Where it is; there may be none."""
    return state_folder() / FILE


def tune_new_pack(
    pack: ModelPack,
    policy: Policy,
    tell: Callable[[str], None],
    before: ModelPack | None = None,
    changed: Collection[str] = (),
) -> None:
    """As ``tune_pack``, after a pack was made: it stands, whether or not it can be measured here.

    ``tell`` is given a line for each network, or why there is none. ``before``: what the pack was
    until only what plays the ``changed`` roles changed; what is known of the others still holds.
    """
    try:
        provider = Runtime(policy.engine.providers).providers[0]
        known = _known(before, provider, changed) if before is not None else {}
        tune_pack(
            pack,
            provider,
            lambda role, setting, _trials: tell(setting_line(role, setting)),
            known=known,
        )
    except ApplianceError as error:
        tell(f"not measured: {error.message}")


def setting_line(role: str, setting: Setting) -> str:
    """What suits a network, for people."""
    threads = f"{setting.threads} threads" if setting.threads > 1 else "1 thread"
    samples = "one sample" if setting.batch == 1 else f"{setting.batch} samples"
    return f"{role:<20} {threads}, {samples} at a time: {setting.ms:.2f} ms a sample"


def _known(pack: ModelPack, provider: str, changed: Collection[str]) -> Settings:
    tuning = Tuning.read(tuning_file())
    roles = {entry.role for entry in pack.entries} - set(changed)
    found = {role: tuning.setting(pack.digest, provider, role) for role in roles}
    return {role: setting for role, setting in found.items() if setting is not None}


def tune_pack(
    pack: ModelPack,
    provider: str,
    tell: TuningCallback,
    path: Path | None = None,
    known: Settings = MappingProxyType({}),
) -> None:
    """Measure the networks of ``pack`` on ``provider`` and keep what suits them in ``path``.

    By default in ``tuning_file()``, whose folder is made. ``known`` is kept unmeasured.
    Raises ModelError, ProviderError, or OutputError where it cannot be kept.
    """
    settings = dict(known)
    for entry in pack.entries:
        if entry.family in CONTRACTS and entry.role not in known:
            settings[entry.role], trials = calibrate(pack, entry.role, provider)
            tell(entry.role, settings[entry.role], trials)
    path = path or _prepared(tuning_file())
    Tuning.read(path).having(pack.digest, provider, settings).write(path)


def _prepared(path: Path) -> Path:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"What was measured cannot be kept: {error.strerror}.",
            "Check that your state folder may be written to.",
        ) from error
    return path
