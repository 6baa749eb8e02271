"""What stands in the place of a disc: samples, or an image that is read as a disc is."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from appliance.protocols import disc_api
from appliance.wire.client import Client
from appliance.wire.message import CallError
from tests.kiosk.machine import machine
from tests.paths import PORTRAITS


def listed(client: Client, after: int | None = None) -> disc_api.Files:
    return client.call(f"{disc_api.NAME}.List", disc_api.List(after), gives=disc_api.Files)[0]


def content(client: Client, number: int) -> bytes:
    _, (descriptor,) = client.call(
        f"{disc_api.NAME}.Open", disc_api.Open(number), gives=disc_api.Opened, attached=1
    )
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def test_each_sample_is_named_as_one_and_handed_out() -> None:
    with machine() as running, closing(Client.to(running.disc)) as client:
        found = listed(client)
        assert not found.more
        assert found.files
        assert all(one.name.startswith("SAMPLE/person_") for one in found.files)
        assert listed(client, found.files[-2].number).files == found.files[-1:]
        for one in found.files:
            sample = PORTRAITS / one.name.removeprefix("SAMPLE/")
            assert content(client, one.number) == sample.read_bytes()
            assert one.size == sample.stat().st_size
        with pytest.raises(CallError, match="OtherDisc"):
            content(client, found.files[-1].number + 1)


def test_a_disc_is_read_where_one_is_named(tmp_path: Path) -> None:
    image = tmp_path / "disc.iso"
    words = ["genisoimage", "-quiet", "-R", "-o", os.fspath(image)]
    subprocess.run([*words, PORTRAITS / "person_b_1.jpg"], check=True)
    with machine(drive=image) as running, closing(Client.to(running.disc)) as client:
        (one,) = listed(client).files
        assert "SAMPLE" not in one.name
        assert content(client, one.number) == (PORTRAITS / "person_b_1.jpg").read_bytes()
