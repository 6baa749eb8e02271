"""What a GPU's driver needs in a sealed process, as far as can be tested without a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.seal.allowed_paths import gpu_devices
from tests.seal.test_seal import run


@pytest.mark.parametrize(
    ("devices", "printed"), [("[Path('/proc/self/task')]", "named"), ("[]", "PermissionError")]
)
def test_threads_can_be_named_only_if_a_driver_needs_it(devices: str, printed: str) -> None:
    assert (
        run(f"""
def attempt():
    try:
        # Like fopen(3), this also truncates the file.
        Path(f"/proc/self/task/{{threading.get_native_id()}}/comm").write_text("cuda")
        print("named")
    except OSError as error:
        print(type(error).__name__)
confine(readable=[Path("/proc/self")], devices={devices})
thread = threading.Thread(target=attempt)
thread.start()
thread.join()
""")
        == printed
    )


def test_without_a_gpu_no_path_is_writable_for_one(tmp_path: Path) -> None:
    assert gpu_devices(tmp_path) == []
    (tmp_path / "nvidia0").touch()
    assert gpu_devices(tmp_path) == [tmp_path / "nvidia0", Path("/proc/self/task")]
