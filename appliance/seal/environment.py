"""The environment variables that a process keeps: those on a list, and of them only sound values.

Variables redirect loaders (LD_*), interpreters (PYTHON*), clients (*_proxy), temporary files
(TMPDIR), translations (LOCPATH), thread pools (OMP_*), drivers (CUDA_*) and ONNX Runtime (ORT_*),
which one of them even lets read its settings from a model. No list of such names is ever complete,
so the others are listed.
"""

from __future__ import annotations

import os
import re

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NUMBER, _FOLDER = r"[0-9]{1,20}", r"/[^\0]*"

# Patterns of names, and of their values.
_KEPT = tuple(
    (re.compile(name), re.compile(value))
    for name, value in (
        # A language is a name; with a slash it would be a folder that is loaded.
        (r"LANG|LANGUAGE|LC_[A-Z]{1,32}", r"([A-Za-z0-9][A-Za-z0-9_.@:-]{0,99})?"),
        (r"TERM", r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}"),
        (r"COLUMNS|LINES", _NUMBER),
        (r"NO_COLOR", r"[A-Za-z0-9]{0,16}"),
        # A time zone is a name as well: "Europe/Berlin".
        (r"TZ", r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*){0,2}"),
        # Where files of the user and of the appliance lie.
        (r"HOME|XDG_STATE_HOME", _FOLDER),
        (r"APPLIANCE_[A-Z_]{1,64}", r"[^\0]*"),
        # Set by the appliance itself: see cli/main.py and inference/ort.py.
        (r"OPENBLAS_NUM_THREADS|ORT_DISABLE_TELEMETRY", r"1"),
        # See pipeline/media/video/encoder.py.
        (r"SVT_LOG", r"0"),
        # Which GPUs of a machine are meant.
        (r"CUDA_VISIBLE_DEVICES|CUDA_DEVICE_ORDER", r"[A-Za-z0-9_,:-]{0,1000}"),
        # From systemd: see sd_notify(3), sd_listen_fds(3) and systemd.exec(5).
        (r"NOTIFY_SOCKET", r"[/@][^\0]*"),
        (r"WATCHDOG_USEC|WATCHDOG_PID|LISTEN_PID|LISTEN_FDS", _NUMBER),
        (r"LISTEN_FDNAMES", r"[A-Za-z0-9_.@:-]{0,1000}"),
        (r"CREDENTIALS_DIRECTORY", _FOLDER),
        (r"INVOCATION_ID", r"[0-9a-f]{32}"),
        (r"JOURNAL_STREAM", r"[0-9]{1,20}:[0-9]{1,20}"),
        # Which TPM; tpm2-tools would run a program or load a library by another value.
        (r"TPM2TOOLS_TCTI", r"device:/dev/tpm(rm)?[0-9]{1,3}"),
    )
)


def scrub_environment() -> None:
    """Delete all variables but those of the list whose values are sound, and set PATH.

    A library that has looked at a variable before this is called is not affected: processes that
    have something to lose are started with an environment of systemd's making.
    """
    for name, value in list(os.environ.items()):
        if not keeps(name, value):
            del os.environ[name]
    os.environ["PATH"] = _PATH


def keeps(name: str, value: str) -> bool:
    """Whether a process keeps the variable ``name`` if it has this value."""
    return any(kept.fullmatch(name) and sound.fullmatch(value) for kept, sound in _KEPT)
