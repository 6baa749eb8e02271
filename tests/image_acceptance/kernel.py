"""Checks of the kernel image: who signed it, its kernel line, what it measures."""

from __future__ import annotations

import json
import shutil
from functools import partial

from tests.image_acceptance.built import Built
from tests.image_acceptance.checks import Check, Checks, Unfit, demand

_WORDS = {
    "lockdown=integrity": "root cannot change the running kernel",
    "module.sig_enforce=1": "only signed modules are loaded",
    "init_on_alloc=1": "memory is cleared when it is given out",
    "init_on_free=1": "memory is cleared when it is given back",
    "slab_nomerge": "kinds of objects in the kernel's memory are kept apart",
    "vsyscall=none": "no code at a fixed address",
    "debugfs=off": "no debugging file system",
    "nohibernate": "memory is never written to a disk",
    "usbcore.authorized_default=0": "no USB device is used before it is allowed",
    "systemd.verity_root_options=panic-on-corruption": "a changed block of the root ends the boot",
    "panic=10": "a boot that ended is tried again",
    "gpt": "the second table of partitions counts if the first is torn",
    "systemd.machine_id=firmware": "the machine keeps its id over a factory reset",
    "rd.shell=0": "no shell in the initrd",
    "ro": "the root is read-only",
}
_PHASES = 4


def checks(built: Built) -> Checks:
    """All of them."""
    yield Check(
        "the kernel image is signed by this site's key", "sbverify",
        lambda: _signed(built, built.kernel_image),
    )  # fmt: skip
    yield Check("an altered one is refused", "sbverify of a copy", lambda: _refused(built))
    yield Check("the boot menu is signed too", "sbverify", lambda: _loader(built))
    for word, why in _WORDS.items():
        yield Check(why, f"kernel line: {word}", partial(_has, built, word))
    yield Check("no console at a serial port", "kernel line", lambda: _no_serial(built))
    yield Check(
        "the root hash is in the signed kernel line", "section .cmdline against measurements",
        lambda: _has(built, f"roothash={built.measurements['roothash']}"),
    )  # fmt: skip
    yield Check(
        "the kernel line is the published one", "section .cmdline against measurements",
        lambda: demand(" ".join(built.line) == built.measurements["cmdline"].strip(), "the same"),
    )  # fmt: skip
    yield Check("PCR 11 is signed for each phase", "section .pcrsig", lambda: _phases(built))
    yield Check("PCR 11 is the published one", "systemd-measure", lambda: _measured(built))


def _certificate(built: Built) -> str:
    return str(shutil.copy(built.cache / "keys/secure-boot.pem", built.scratch))


def _signed(built: Built, image: object) -> str:
    built.tool("sbverify", "--cert", _certificate(built), str(image))
    return "signed"


def _refused(built: Built) -> str:
    copy = built.scratch / "altered.efi"
    image = bytearray(built.kernel_image.read_bytes())
    image[len(image) // 2] ^= 1
    copy.write_bytes(image)
    try:
        _signed(built, copy)
    except Unfit:
        return "refused"
    finally:
        copy.unlink()
    raise Unfit("accepted")


def _loader(built: Built) -> str:
    copy = built.scratch / "loader.efi"
    esp = f"{built.disk}@@{built.partition('esp').start}"
    built.tool("mcopy", "-n", "-o", "-i", esp, "::/EFI/BOOT/BOOTX64.EFI", str(copy))
    return _signed(built, copy)


def _has(built: Built, word: str) -> str:
    return demand(word in built.line, "there" if word in built.line else "missing")


def _no_serial(built: Built) -> str:
    consoles = [word for word in built.line if word.startswith(("console=", "earlycon"))]
    return demand(consoles == ["console=tty0"], " ".join(consoles))


def _phases(built: Built) -> str:
    signatures = json.loads(built.section(".pcrsig").rstrip(b"\0"))["sha256"]
    return demand(
        len(signatures) == _PHASES and all(one["pcrs"] == [11] for one in signatures),
        f"{len(signatures)} signatures",
    )


def _measured(built: Built) -> str:
    sections = {
        "linux": ".linux",
        "osrel": ".osrel",
        "cmdline": ".cmdline",
        "initrd": ".initrd",
        "uname": ".uname",
        "sbat": ".sbat",
        "pcrpkey": ".pcrpkey",
    }
    options = []
    for option, name in sections.items():
        path = built.scratch / f"section-{option}"
        path.write_bytes(built.section(name))
        options.append(f"--{option}={path}")
    text = built.tool(
        "/usr/lib/systemd/systemd-measure", "calculate", "--bank=sha256", "--json=short", *options
    )
    found = {one["phase"]: one["hash"] for one in json.loads(text)["sha256"] if "phase" in one}
    return demand(found == built.measurements["pcr11"], f"{len(found)} phases")
