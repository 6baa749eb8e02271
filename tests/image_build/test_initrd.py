"""The initrd's own files, whatever the checkout is like that they are copied from."""

from __future__ import annotations

from pathlib import Path

from tools.image.initrd import copy_own


def test_modes_are_not_those_of_the_checkout(tmp_path: Path) -> None:
    source, into = tmp_path / "source", tmp_path / "into"
    (source / "etc/systemd").mkdir(parents=True)
    (source / "etc/systemd/a.service").write_text("[Unit]\n")
    (source / "etc/systemd/a.service").chmod(0o600)
    (source / "etc").chmod(0o700)
    (into / "etc").mkdir(parents=True)
    copy_own(source, into)
    modes = {
        path.relative_to(into).as_posix(): path.stat().st_mode & 0o777 for path in into.rglob("*")
    }
    assert modes == {"etc": 0o755, "etc/systemd": 0o755, "etc/systemd/a.service": 0o644}
    assert (into / "etc/systemd/a.service").read_text() == "[Unit]\n"
