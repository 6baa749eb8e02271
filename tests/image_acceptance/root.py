"""Checks of the root: what is in it, and what is not."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.image_acceptance.built import Built, run
from tests.image_acceptance.checks import Check, Checks, demand, none_of

# Programs that the image does not have, by what they would be for.
_ABSENT = {
    "remote logins": ("sshd", "ssh", "telnetd", "dropbear"),
    "logins at a terminal": ("login", "agetty", "getty", "sulogin", "su", "sudo", "run0"),
    "changes of accounts": ("passwd", "chsh", "chfn", "chage", "gpasswd", "newgrp"),
    "packages": ("apt", "apt-get", "dpkg", "pip", "pip3", "snap", "flatpak"),
    "compilers": ("cc", "gcc", "g++", "clang", "as", "ld", "make", "go", "rustc"),
    "other languages": ("perl", "ruby", "node", "lua", "gawk"),
    "debuggers": ("gdb", "strace", "ltrace", "perf", "bpftool"),
    "transfers": ("curl", "wget", "scp", "rsync", "nc", "socat", "ftp"),
    "networks": ("ip", "ss", "ifconfig", "dhclient", "NetworkManager", "wpa_supplicant", "nmcli"),
    "shells for people": ("bash", "zsh", "fish", "rbash"),
    "containers": ("docker", "podman", "systemd-nspawn", "runc"),
    "name resolution": ("resolvectl", "systemd-resolve", "nslookup", "dig", "host"),
}
_DRIVERS = {
    "network cards": ("kernel/drivers/net/",),
    "Bluetooth": ("kernel/drivers/bluetooth/", "kernel/net/bluetooth/"),
    "Wi-Fi": ("kernel/net/wireless/", "kernel/net/mac80211/"),
    "disks at USB": ("kernel/drivers/usb/storage/",),
    "FireWire": ("kernel/drivers/firewire/",),
    "Thunderbolt": ("kernel/drivers/thunderbolt/",),
    "cameras and tuners": ("kernel/drivers/media/",),
    "sound": ("kernel/sound/",),
    "sockets between machine and host": ("kernel/net/vmw_vsock/",),
    "file systems of discs": ("kernel/fs/isofs/", "kernel/fs/udf/"),
    "file systems of sticks": ("kernel/fs/fat/", "kernel/fs/exfat/", "kernel/fs/ntfs3/"),
    "other file systems": ("kernel/fs/btrfs/", "kernel/fs/f2fs/", "kernel/fs/hfsplus/"),
    "file systems of networks": ("kernel/fs/nfs/", "kernel/fs/smb/", "kernel/fs/9p/"),
    "virtual machines": ("kernel/arch/x86/kvm/",),
}
_MASKED = (
    "swap.target",
    "hibernate.target",
    "suspend.target",
    "rescue.service",
    "debug-shell.service",
    "getty@.service",
    "ctrl-alt-del.target",
)
_GENERATORS = ("debug", "getty", "ssh", "run", "gpt-auto", "import", "system-update")
# A key's file, and not a program that knows its first line.
_SECRET = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{60}")
_PUBLISHED = Path(__file__).with_name("published_keys.txt")
_SIGNED = b"~Module signature appended~\n"


def checks(built: Built) -> Checks:
    """All of them."""
    yield Check(
        "setuid and setgid files: none", "modes of all files", lambda: _modes(built, 0o6000)
    )
    yield Check("files that everybody may write: none", "modes of all files",
                lambda: _modes(built, 0o002))  # fmt: skip
    yield Check("capabilities of files: none", "getxattr of all files", lambda: _capable(built))
    for purpose, names in _ABSENT.items():
        yield Check(
            f"no programs for {purpose}", ", ".join(names), partial(_programs, built, names)
        )
    for devices, folders in _DRIVERS.items():
        yield Check(f"no drivers of {devices}", ", ".join(folders), partial(_below, built, folders))
    yield Check("every module is signed", "its last bytes", lambda: _signatures(built))
    for unit in _MASKED:
        yield Check(f"{unit} is masked", "its link", partial(_masked, built, unit))
    yield Check("a start that fails ends in a sentence on the screen", "emergency.service",
                lambda: _sentence(built))  # fmt: skip
    yield Check("no unit by a kernel line or credential", "generators", lambda: _generators(built))
    yield Check("sockets of networks: none", "ListenStream= and others of all units",
                lambda: _sockets(built))  # fmt: skip
    yield Check("no account has a password", "/etc/shadow", lambda: _passwords(built))
    yield Check("no account has a shell", "/etc/passwd", lambda: _shells(built))
    yield Check("no swap", "/etc/fstab", lambda: none_of(_lines(built, "etc/fstab", "swap")))
    yield Check("/var takes no program, device or setuid file", "/etc/fstab", lambda: _var(built))
    yield Check("the image has no machine's id", "/etc/machine-id", lambda: _no_id(built))
    yield Check("no secret key", "all files, for PEM", lambda: _keys(built))
    yield Check("no path of the builder", "all files", lambda: _paths(built))
    yield Check("the image's number is the published one", "image.json", lambda: _number(built))
    yield Check("our program is compiled", "a .pyc for each .py", lambda: _compiled(built))


def _files(built: Built) -> list[Path]:
    return [
        Path(folder) / name
        for folder, _, names in os.walk(built.root)
        for name in names
        if stat.S_ISREG((Path(folder) / name).lstat().st_mode)
    ]


def _name(built: Built, path: Path) -> str:
    return str(path.relative_to(built.root))


def _modes(built: Built, bits: int) -> str:
    return none_of([_name(built, path) for path in _files(built) if _mode(path) & bits])


def _mode(path: Path) -> int:
    return path.lstat().st_mode


def _capable(built: Built) -> str:
    return none_of(
        [
            _name(built, path)
            for path in _files(built)
            if "security.capability" in os.listxattr(path)
        ]
    )


def _programs(built: Built, names: Sequence[str]) -> str:
    folders = ("usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "usr/lib/systemd", "opt")
    found = [
        f"{folder}/{name}"
        for folder in folders
        for name in names
        if os.path.lexists(built.root / folder / name)
    ]
    return none_of(found)


def _modules(built: Built) -> list[Path]:
    return sorted((built.root / "usr/lib/modules").rglob("*.ko*"))


def _below(built: Built, folders: Sequence[str]) -> str:
    return none_of(
        [path.name for path in _modules(built) if any(f"/{one}" in str(path) for one in folders)]
    )


def _signatures(built: Built) -> str:
    modules = _modules(built)
    bare = [path.name for path in modules if not path.read_bytes().endswith(_SIGNED)]
    none_of(bare)
    return demand(len(modules) > 100, f"{len(modules)} modules")


def _masked(built: Built, unit: str) -> str:
    link = built.root / "etc/systemd/system" / unit
    return demand(link.is_symlink() and str(link.readlink()) == "/dev/null", "masked")


def _sentence(built: Built) -> str:
    unit = (built.root / "etc/systemd/system/emergency.service").read_text()
    shown = re.search(r"/usr/share/appliance/[a-z]+\.txt", unit)
    return demand(shown and (built.root / shown[0][1:]).stat().st_size, "a text, and no shell")


def _no_id(built: Built) -> str:
    return demand(not (built.root / "etc/machine-id").read_bytes(), "an empty file")


def _generators(built: Built) -> str:
    folder = built.root / "usr/lib/systemd/system-generators"
    names = sorted(path.name for path in folder.iterdir())
    none_of([name for name in names if name in {f"systemd-{one}-generator" for one in _GENERATORS}])
    return f"{len(names)} generators, none of these"


def _sockets(built: Built) -> str:
    units = [*(built.root / "usr/lib/systemd/system").glob("*.socket")]
    units += [*(built.root / "etc/systemd/system").glob("*.socket")]
    network = [
        f"{unit.name}: {line}"
        for unit in units
        for line in unit.read_text().splitlines()
        if re.match(r"Listen(Stream|Datagram|SequentialPacket)=(?![/@%])", line)
        and not line.endswith("=")
    ]
    none_of(network)
    return demand(units, f"{len(units)} socket units, all of them files")


def _lines(built: Built, name: str, word: str) -> list[str]:
    text = (built.root / name).read_text().splitlines()
    return [line for line in text if word in line and not line.startswith("#")]


def _passwords(built: Built) -> str:
    accounts = [line.split(":") for line in (built.root / "etc/shadow").read_text().splitlines()]
    none_of([one[0] for one in accounts if not one[1].startswith(("!", "*"))])
    return f"{len(accounts)} accounts"


def _shells(built: Built) -> str:
    accounts = [line.split(":") for line in (built.root / "etc/passwd").read_text().splitlines()]
    return none_of(
        [one[0] for one in accounts if not one[6].endswith(("nologin", "false", "sync"))]
    )


def _var(built: Built) -> str:
    (line,) = _lines(built, "etc/fstab", " /var ")
    options = line.split()[3].split(",")
    return demand({"noexec", "nosuid", "nodev"} <= {*options}, ",".join(options[:4]))


def _keys(built: Built) -> str:
    published = set(_PUBLISHED.read_text().split())
    found = (
        (path, hashlib.sha256(key.group()).hexdigest())
        for path in _files(built)
        for key in _SECRET.finditer(path.read_bytes())
    )
    return none_of(sorted({_name(built, path) for path, key in found if key not in published}))


def _paths(built: Built) -> str:
    here = str(Path(__file__).resolve().parents[2]).encode()
    return none_of([_name(built, path) for path in _files(built) if here in path.read_bytes()])


def _number(built: Built) -> str:
    stated = json.loads((built.root / "usr/lib/appliance/image.json").read_text())
    published = {name: built.measurements[name] for name in ("version", "number")}
    return demand(stated == published, f"{stated['version']}, number {stated['number']}")


def _compiled(built: Built) -> str:
    folder = next((built.root / "usr/local/lib").glob("python3*/dist-packages/appliance"))
    sources = list(folder.rglob("*.py"))
    bare = [
        _name(built, path)
        for path in sources
        if not [*(path.parent / "__pycache__").glob(f"{path.stem}.cpython-*.pyc")]
    ]
    none_of(bare)
    return f"{len(sources)} modules"


def bill_checks(built: Built) -> Checks:
    """The bill of materials."""
    sbom = built.out / "sbom"
    yield Check("every file is as the bill has it", "sha256sum --check",
                lambda: _sums(built, sbom / "files.sha256"))  # fmt: skip
    yield Check("the bill is CycloneDX 1.6", "the schema of cyclonedx-python-lib",
                lambda: _schema(sbom / "sbom.cdx.json"))  # fmt: skip
    yield Check("every component states a licence", "sbom.cdx.json",
                lambda: _licences(sbom / "sbom.cdx.json"))  # fmt: skip


def _sums(built: Built, sums: Path) -> str:
    run("bash", "-c", f'cd "$1" && sha256sum --check --quiet "{sums}"', "sums", str(built.root))
    return f"{len(sums.read_text().splitlines())} files"


def _schema(bill: Path) -> str:
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.read_text())
    return demand(error is None, "valid" if error is None else str(error)[:100])


def _licences(bill: Path) -> str:
    components = json.loads(bill.read_text())["components"]
    none_of([one["name"] for one in components if not one.get("licenses")])
    return f"{len(components)} components"
