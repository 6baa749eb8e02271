"""What is done to a disk from outside: changed bytes, tries of kernel images."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.lab.image.damage import (
    blocks_of,
    entries,
    flip,
    flip_in_entry,
    luks_uuid,
    partition,
    set_tries,
)
from tests.updating.machines import MIB, built, listing, machine, run

IMAGE = built("0.1.0", 1)
_NAME = "face-appliance_0.1.0+3.efi"


def _verified(root: Path, verity: Path) -> bool:
    words = ["veritysetup", "verify", str(root), str(verity), IMAGE.root_hash]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def test_partitions_are_found_by_name(tmp_path: Path) -> None:
    made = machine(tmp_path, IMAGE)
    start, size = partition(made.disk, "root-0.1.0")
    assert (start, size) == (made.places[0].start, MIB)
    assert made.disk.read_bytes()[start : start + len(IMAGE.root)] == IMAGE.root


def test_verity_refuses_a_flipped_block_of_a_file_and_no_other_bit_changes(tmp_path: Path) -> None:
    root, verity = tmp_path / "root", tmp_path / "verity"
    root.write_bytes(IMAGE.root)
    verity.write_bytes(IMAGE.verity)
    assert _verified(root, verity)
    blocks = blocks_of(root, "/data")
    assert blocks
    flip(root, blocks[:1])
    changed = [at for at, byte in enumerate(root.read_bytes()) if byte != IMAGE.root[at]]
    assert changed == blocks[:1]
    assert not _verified(root, verity)
    flip(root, blocks[:1])
    assert _verified(root, verity)


def test_the_id_of_the_encrypted_volume_is_what_cryptsetup_says(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(48 * MIB))
    run("sgdisk", "--new=1:0:+32M", "--change-name=1:var", str(disk))
    start, size = partition(disk, "var")
    volume = tmp_path / "volume"
    volume.write_bytes(bytes(size))
    word = tmp_path / "word"
    word.write_bytes(b"word")
    cheap = ("--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000")
    run("cryptsetup", "luksFormat", "-q", "--type=luks2", *cheap, str(volume), str(word))
    with disk.open("r+b") as file:
        file.seek(start)
        file.write(volume.read_bytes())
    assert luks_uuid(disk) == run("cryptsetup", "luksUUID", str(volume)).strip()


def test_tries_of_an_entry_are_set(tmp_path: Path) -> None:
    made = machine(tmp_path, IMAGE)
    assert entries(made.disk) == [_NAME]
    set_tries(made.disk, "0.1.0", 1)
    assert listing(made.esp) == ["face-appliance_0.1.0+1.efi"]
    set_tries(made.disk, "0.1.0", 1)
    assert entries(made.disk) == ["face-appliance_0.1.0+1.efi"]


def test_one_bit_of_a_section_of_a_kernel_image_changes(tmp_path: Path) -> None:
    made = machine(tmp_path, IMAGE)
    flip_in_entry(made.disk, _NAME, b".linux")
    copy = tmp_path / "copy"
    run("mcopy", "-i", made.esp, f"::/EFI/Linux/{_NAME}", str(copy))
    after = copy.read_bytes()
    changed = [at for at, byte in enumerate(after) if byte != IMAGE.uki[at]]
    assert len(changed) == 1
    assert after[changed[0]] ^ IMAGE.uki[changed[0]] == 0x10
    assert changed[0] > IMAGE.uki.index(bytes(range(256)))
