"""Checks of the disk: its table, its slots, its boot partition."""

from __future__ import annotations

import re
import shutil
from functools import partial

from tests.image_acceptance.built import Built, Partition, fails, run
from tests.image_acceptance.checks import Check, Checks, Unfit, demand

_ROOT = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
_VERITY = "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"
_ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
_MOST = 1 << 30  # bytes that an update carries
_SECTOR = 512


def checks(built: Built) -> Checks:
    """All of them."""
    version = built.measurements["version"]
    hash_ = built.measurements["roothash"]
    yield Check("the table of partitions is sound", "sfdisk --verify", lambda: _table(built))
    yield Check(
        "two slots, a boot partition, no more", "sfdisk --json", lambda: _layout(built, version)
    )
    yield Check(
        "the root's id is the first half of the root hash", "sfdisk --json against measurements",
        lambda: _same(built.partition(f"root-{version}").id, hash_[:32]),
    )  # fmt: skip
    yield Check(
        "the tree's id is the second half", "sfdisk --json against measurements",
        lambda: _same(built.partition(f"verity-{version}").id, hash_[32:]),
    )  # fmt: skip
    yield Check("slot B is empty", "every byte read", lambda: _empty(built))
    yield Check(
        "the root is what the root hash says", "veritysetup verify",
        lambda: demand(not _altered(built, flip=False), "verified"),
    )  # fmt: skip
    yield Check(
        "one flipped byte is found", "veritysetup verify of an altered copy",
        lambda: demand(_altered(built, flip=True), "refused"),
    )  # fmt: skip
    yield Check("the boot partition is sound", "fsck.vfat -n", lambda: _fat(built))
    yield Check("it holds loader, settings and one image", "mdir -/", lambda: _listing(built))
    yield Check(
        "its kernel image is the published one", "mcopy, SHA-256", lambda: _published(built)
    )
    yield Check("the image starts with three tries", "name on the boot partition",
                lambda: demand("+3.efi" in _names(built), "+3"))  # fmt: skip
    for word in ("timeout 0", "editor no", "auto-entries no", "auto-firmware no"):
        yield Check(f"the boot menu has “{word}”", "loader.conf", partial(_setting, built, word))
    yield Check("root, tree and kernel image: at most 1.0 GiB", "sizes", lambda: _size(built))
    yield Check("each slot has room for a larger root", "sizes", lambda: _room(built, version))


def _table(built: Built) -> str:
    run("sfdisk", "--verify", str(built.disk))
    return "sound"


def _layout(built: Built, version: str) -> str:
    found = [(one.name, one.kind) for one in built.partitions]
    wanted = [
        (f"root-{version}", _ROOT),
        (f"verity-{version}", _VERITY),
        ("_empty", _ROOT),
        ("_empty", _VERITY),
        ("esp", _ESP),
    ]
    return demand(found == wanted, ", ".join(name for name, _ in found))


def _same(found: str, wanted: str) -> str:
    return demand(found == wanted, found)


def _empty(built: Built) -> str:
    slots = [one for one in built.partitions if one.name == "_empty"]
    zeros = bytes(1 << 20)
    with built.disk.open("rb") as disk:
        for slot in slots:
            disk.seek(slot.start)
            for _ in range(slot.size >> 20):
                if disk.read(1 << 20) != zeros:
                    raise Unfit("not empty")
    return f"{sum(slot.size for slot in slots) >> 20} MiB of zeros"


def _altered(built: Built, *, flip: bool) -> bool:
    """Whether veritysetup refuses the root, with one byte of it flipped or as it is."""
    root = built.scratch / "copy.erofs"
    shutil.copy(built.out / "root.erofs", root)
    if flip:
        with root.open("r+b") as file:
            file.seek(root.stat().st_size // 2)
            byte = file.read(1)[0]
            file.seek(-1, 1)
            file.write(bytes([byte ^ 1]))
    tree, wanted = built.out / "root.verity", built.measurements["roothash"]
    try:
        built.tool("veritysetup", "verify", str(root), str(tree), wanted)
    except Unfit:
        return True
    finally:
        root.unlink()
    return False


def _esp(built: Built) -> str:
    return f"{built.disk}@@{built.partition('esp').start}"


def _names(built: Built) -> str:
    return run("mdir", "-/", "-b", "-i", _esp(built), "::")


def _listing(built: Built) -> str:
    files = sorted(
        line.removeprefix("::/") for line in _names(built).split() if not line.endswith("/")
    )
    version = built.measurements["version"]
    wanted = [
        "EFI/BOOT/BOOTX64.EFI",
        f"EFI/Linux/face-appliance_{version}+3.efi",
        "loader/loader.conf",
    ]
    return demand(files == wanted, ", ".join(files))


def _fat(built: Built) -> str:
    esp: Partition = built.partition("esp")
    copy = built.scratch / "esp.raw"
    with built.disk.open("rb") as disk, copy.open("wb") as file:
        disk.seek(esp.start)
        for _ in range(esp.size >> 20):
            file.write(disk.read(1 << 20))
    run("fsck.vfat", "-n", str(copy))
    with copy.open("r+b") as file:
        file.write(bytes(_SECTOR))
    refused = fails("fsck.vfat", "-n", str(copy))
    copy.unlink()
    return demand(refused, "sound; one without its first sector is refused")


def _published(built: Built) -> str:
    copy = built.scratch / "on-disk.efi"
    name = f"::/EFI/Linux/face-appliance_{built.measurements['version']}+3.efi"
    run("mcopy", "-n", "-o", "-i", _esp(built), name, str(copy))
    digest = run("sha256sum", str(copy)).split()[0]
    return demand(digest == built.measurements["uki"], digest[:16])


def _setting(built: Built, word: str) -> str:
    text = run("mtype", "-i", _esp(built), "::/loader/loader.conf")
    return demand(re.search(rf"(?m)^{word}$", text), word)


def _size(built: Built) -> str:
    sizes = [(built.out / name).stat().st_size for name in ("root.erofs", "root.verity")]
    total = sum(sizes) + built.kernel_image.stat().st_size
    return demand(total <= _MOST, f"{total / (1 << 20):.0f} MiB")


def _room(built: Built, version: str) -> str:
    used = (built.out / "root.erofs").stat().st_size
    slot = built.partition(f"root-{version}").size
    return demand(slot >= used * 1.1, f"{used >> 20} of {slot >> 20} MiB")
