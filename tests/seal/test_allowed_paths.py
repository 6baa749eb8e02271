"""What a GPU's driver needs of a sealed process, as far as it shows without a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.seal.allowed_paths import gpu_devices
from tests.seal.test_seal import run


@pytest.mark.parametrize(
    ("devices", "said"), [("[Path('/proc/self/task')]", "named"), ("[]", "PermissionError")]
)
def test_threads_are_named_only_where_a_driver_needs_it(devices: str, said: str) -> None:
    assert (
        run(f"""
def attempt():
    try:
        # As fopen(3) opens it: it asks for the file to be truncated too.
        Path(f"/proc/self/task/{{threading.get_native_id()}}/comm").write_text("cuda")
        print("named")
    except OSError as error:
        print(type(error).__name__)
confine(readable=[Path("/proc/self")], devices={devices})
thread = threading.Thread(target=attempt)
thread.start()
thread.join()
""")
        == said
    )


def test_without_a_gpu_nothing_is_written_for_one(tmp_path: Path) -> None:
    assert gpu_devices(tmp_path) == []
    (tmp_path / "nvidia0").touch()
    assert gpu_devices(tmp_path) == [tmp_path / "nvidia0", Path("/proc/self/task")]
