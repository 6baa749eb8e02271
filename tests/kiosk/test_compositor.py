"""The compositor of the appliance, with a window in it: what it offers, and to whom."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kiosk.compositor import Compositor, compositor
from tests.kiosk.wayland import until

STANDIN = (sys.executable, "-m", "tests.kiosk.standin", "-")
# What cage 0.2.0 offers to every client, of which there is one. A new line here is a new power:
# screencopy and export-dmabuf read the screen, virtual keyboard and pointer type and click, the
# output manager changes its size. They are out of the application's reach only in so far as it
# does not ask for them; the folder of the socket keeps everybody else out.
OFFERED = {
    "ext_idle_notifier_v1",
    "org_kde_kwin_server_decoration_manager",
    "wl_compositor",
    "wl_data_device_manager",
    "wl_output",
    "wl_seat",
    "wl_shm",
    "wl_subcompositor",
    "wp_presentation",
    "wp_single_pixel_buffer_manager_v1",
    "wp_viewporter",
    "xdg_wm_base",
    "zwlr_export_dmabuf_manager_v1",
    "zwlr_gamma_control_manager_v1",
    "zwlr_output_manager_v1",
    "zwlr_screencopy_manager_v1",
    "zwlr_virtual_pointer_manager_v1",
    "zwp_idle_inhibit_manager_v1",
    "zwp_primary_selection_device_manager_v1",
    "zwp_relative_pointer_manager_v1",
    "zwp_virtual_keyboard_manager_v1",
    "zxdg_decoration_manager_v1",
    "zxdg_output_manager_v1",
}
BUTTON, CORNER = (60, 120), (200, 180)  # the pointer is drawn on the one
BLUE, GREEN = (0x30, 0x60, 0xA0), (0x30, 0xA0, 0x60)
NOBODY = 65534


@pytest.fixture
def shown() -> Iterator[Compositor]:
    """The stand-in on the screen."""
    with compositor(STANDIN) as started:
        yield started


def lines(shown: Compositor, count: int) -> dict[str, object]:
    """The next lines that the stand-in prints, as one."""
    assert shown.process.stdout is not None
    found: dict[str, object] = {}
    for _ in range(count):
        line = shown.process.stdout.readline()
        assert line, shown.errors
        found |= json.loads(line)
    return found


def test_what_a_client_is_offered_is_on_the_list(shown: Compositor) -> None:
    # The other is offered where the host has Xwayland; the appliance has none.
    assert set(shown.wire().globals) - {"xwayland_shell_v1"} == OFFERED


def test_a_sealed_window_is_shown_and_can_be_touched(shown: Compositor) -> None:
    found = lines(shown, 3)
    assert found["platform"] == "wayland"
    # After the seal: another page, another size (so other memory is shared), a picture, a thread.
    assert (found["page"], found["picture"], found["threads"]) == (True, 32, 1)
    shown.wait_for(BLUE, CORNER)
    pointer = shown.pointer()

    def touched() -> bool:
        # The first may come before the application has noticed that there is a pointer.
        pointer.click(*BUTTON)
        return shown.picture().getpixel(CORNER) == GREEN

    until(touched)


def test_another_user_is_refused_at_the_socket(shown: Compositor) -> None:
    lines(shown, 1)
    other = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
    grim = ("grim", "/dev/null")
    refused = subprocess.run([*other, *grim], env=shown.client(), capture_output=True, check=False)
    assert refused.returncode != 0
    # The control: the same user, and the other one once the folder is open to it.
    subprocess.run(grim, env=shown.client(), check=True)
    shown.folder.chmod(0o711)
    shown.socket.chmod(0o666)
    subprocess.run([*other, *grim], env=shown.client(), check=True)


def test_the_screen_itself_fits_into_its_memory_and_ends_with_the_compositor(
    tmp_path: Path,
) -> None:
    kiosk = (sys.executable, "-m", "appliance.kiosk", "--broker", str(tmp_path / "none.sock"))
    with compositor(kiosk) as shown:
        until(lambda: len(shown.picture().getcolors(1 << 24) or ()) > 20)  # letters have edges
        window = _child(shown.process.pid)
        until(lambda: "Seccomp:\t2" in Path(f"/proc/{window}/status").read_text())
        assert _pss(shown.process.pid) + _pss(window) < 180 << 20
    assert not Path(f"/proc/{window}").exists()


def _child(process: int) -> int:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def _pss(process: int) -> int:
    """Bytes of memory, of which a share is counted where it is shared."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    (kibibytes,) = re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(kibibytes) << 10
