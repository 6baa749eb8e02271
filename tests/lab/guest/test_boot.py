"""The machine itself: it booted whole, and what the tests rely on is real."""

import subprocess


def test_nothing_failed_while_booting() -> None:
    failed = subprocess.run(
        ["systemctl", "--failed", "--no-legend", "--plain"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert failed.stdout == ""
