"""The root of its own that QEMU, swtpm and tgtd run in: ``machine/prepare.sh`` builds it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.paths import REPOSITORY

CACHE = REPOSITORY / ".cache/lab"
ROOT = CACHE / "tools"

_SCRIPT = """\
set -e; root=$1
mkdir -p "$root/lab/cache" "$root/lab/run" "$root/lab/image"
mount --bind "$2" "$root/lab/cache"; mount --bind "$3" "$root/lab/run"
[ -z "$4" ] || mount --bind "$4" "$root/lab/image"
mount --rbind /dev "$root/dev"; mount -t proc proc "$root/proc"; shift 4
# The socket that tgtd is spoken to through is of this machine alone.
mount -t tmpfs tmpfs "$root/run"
# A TPM whose state outlives a boot like the disk; it ends with the machine.
mkdir -p "$root/lab/run/tpm"
chroot "$root" swtpm socket --tpm2 --daemon --terminate --tpmstate dir=/lab/run/tpm \\
    --ctrl type=unixio,path=/lab/run/tpm.sock
BEFOREexec chroot "$root" "$@"
"""


@contextmanager
def inside_tools(
    folder: Path, command: Sequence[str], before: str = "", image: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The command running in there, with ``folder`` at ``/lab/run``, the cache at ``/lab/cache``.

    ``image``: another folder, at ``/lab/image``. ``before``: what the shell does first, with the
    root as ``$root``; a network of their own is then all that both have. On leaving, all that was
    started in there has ended, so that the next machine finds disk, TPM and disc free.
    """
    script = _SCRIPT.replace("BEFORE", before)
    seen = (str(ROOT), str(CACHE), str(folder), str(image or ""))
    apart = ("--pid", "--fork", "--kill-child", *(("--net",) if before else ()))
    isolated = ("unshare", "--mount", "--propagation", "private", *apart)
    words = [*isolated, "bash", "-c", script, "lab", *seen, *command]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        # The kernel lets the first process of a namespace go once it has ended all others there.
        first = ["pkill", "--signal", "KILL", "--parent", str(process.pid)]
        if subprocess.run(first, check=False).returncode:
            process.kill()
        process.wait()
