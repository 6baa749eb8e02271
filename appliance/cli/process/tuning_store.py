"""Settings measured for this user's packs on this machine, kept in the state folder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from appliance.cli.process.allowed_providers import GPU_LINE
from appliance.errors import ApplianceError, ModelError, OutputError, ProviderError
from appliance.files.locations import state_folder
from appliance.inference.calibrate import Trial, calibrate
from appliance.inference.families import CONTRACTS
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import HOST_PROVIDERS
from appliance.inference.tuning import FILE, Setting, Settings, Tuning
from appliance.policy.policy import Policy
from appliance.seal.allowed_paths import gpus

TuningCallback: TypeAlias = Callable[[str, Setting, Sequence[Trial]], None]
"""Called with each role, the setting chosen for it, and all that were tried."""


def tuning_file() -> Path:
    """The file with the settings; it may not exist."""
    return state_folder() / FILE


def tune_new_pack(
    pack: ModelPack,
    policy: Policy,
    report: Callable[[str], None],
    before: ModelPack | None = None,
    changed: Collection[str] = (),
) -> None:
    """Tune a pack that was just written. It stays valid if it cannot be measured on this machine.

    That is done for the provider that will run it under ``policy``. ``report`` is called with a
    line for each network, also for one that fails, or with why none was measured. ``before``: the
    pack before its ``changed`` roles were altered; the settings of the other roles are kept.
    """
    try:
        provider = Runtime(policy.engine.providers).providers[0]
        known = _known_settings(before, provider, changed) if before is not None else {}
        report(f"measuring on {provider}, which runs the pack under this policy")
        if provider in HOST_PROVIDERS and gpus():
            report(f"the GPU is left out: for it the policy has to say {GPU_LINE}")
        failed = tune_pack(
            pack,
            provider,
            lambda role, setting, _trials: report(setting_line(role, setting)),
            known=known,
        )
        for role, error in failed.items():
            report(failure_line(role, error))
    except ApplianceError as error:
        report(f"not measured: {error.message}")


def failure_line(role: str, error: ApplianceError) -> str:
    """Why one network has no setting, as text."""
    return f"{role:<20} not measured: {error.message}"


def setting_line(role: str, setting: Setting) -> str:
    """The setting of one network, as text."""
    threads = f"{setting.threads} threads" if setting.threads > 1 else "1 thread"
    samples = "one sample" if setting.batch == 1 else f"{setting.batch} samples"
    form = setting.form or "published"
    other = f"; {setting.alone} for a single one" if setting.alone not in (None, form) else ""
    return (
        f"{role:<20} {form}, {threads}, {samples} at a time: {setting.ms:.2f} ms per sample{other}"
    )


def tune_pack(
    pack: ModelPack,
    provider: str,
    report: TuningCallback,
    path: Path | None = None,
    known: Settings = MappingProxyType({}),
) -> Mapping[str, ApplianceError]:
    """Measure the networks of ``pack`` on ``provider`` and store the best settings in ``path``.

    ``path`` is by default ``tuning_file()``, whose folder is created. It is written after each
    network, so that nothing measured is lost. Roles in ``known`` keep their settings. Returns why
    networks could not be measured, by role. Raises ``OutputError`` if the settings cannot be
    stored.
    """
    path = path or _with_folder(tuning_file())
    settings, failed = dict(known), dict[str, ApplianceError]()
    for entry in pack.entries:
        if entry.family not in CONTRACTS or entry.role in known:
            continue
        try:
            settings[entry.role], trials = calibrate(pack, entry.role, provider)
        except (ModelError, ProviderError) as error:
            failed[entry.role] = error
            continue
        Tuning.read(path).with_settings(pack.digest, provider, settings).write(path)
        report(entry.role, settings[entry.role], trials)
    if settings == dict(known):
        Tuning.read(path).with_settings(pack.digest, provider, settings).write(path)
    return failed


def _known_settings(pack: ModelPack, provider: str, changed: Collection[str]) -> Settings:
    tuning = Tuning.read(tuning_file())
    roles = {entry.role for entry in pack.entries} - set(changed)
    found = {role: tuning.setting(pack.digest, provider, role) for role in roles}
    return {role: setting for role, setting in found.items() if setting is not None}


def _with_folder(path: Path) -> Path:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The measured settings cannot be stored: {error.strerror}.",
            "Check that your state folder is writable.",
        ) from error
    return path
