"""What services report to systemd on the running machine: readiness, watchdog, journal entries."""

from __future__ import annotations

import json
import socket

import pytest

from appliance.diagnostics.journal import message_id
from tests.lab.guest.visitor import shell, until

AUDIT = "/run/appliance/audit.sock"


@pytest.mark.parametrize("unit", ["appliance-audit.service", "appliance-broker.service"])
def test_a_service_is_ready_and_watched(unit: str) -> None:
    def shown(name: str) -> str:
        return shell(f"systemctl show --property={name} --value {unit}")

    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
        caller.connect(AUDIT)  # starts the daemon, if nothing has
    until(lambda: shown("SubState") == "running")
    assert shown("Type") == "notify"
    assert shown("WatchdogUSec") != "0"
    last = shown("WatchdogTimestampMonotonic")
    until(lambda: shown("WatchdogTimestampMonotonic") != last)


_CALL_THE_LEDGER = f"""
import socket
caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
caller.connect("{AUDIT}")
assert caller.recv(1) == b"", "it was served"
"""


def test_a_message_is_an_entry_with_fields() -> None:
    # A user without a role in the ledger, who could reach its socket all the same.
    may = "--inh-caps +dac_override --ambient-caps +dac_override"
    shell(f"setpriv --reuid nobody --clear-groups {may} python3 -c '{_CALL_THE_LEDGER}'")
    search = f"journalctl -b -q -o json -n 1 MESSAGE_ID={message_id('peer refused')}"
    until(lambda: shell(search, check=False).startswith("{"))
    entry = json.loads(shell(search))
    assert entry["SYSLOG_IDENTIFIER"] == "appliance-audit"
    assert entry["_SYSTEMD_UNIT"] == "appliance-audit.service"
    assert entry["PRIORITY"] == "4"


@pytest.mark.parametrize(
    ("unit", "lifted"),
    [
        ("appliance-broker.service", ()),
        ("appliance-keeper@w0.service", ("ProtectProc", "PrivateTmp")),
        ("appliance-token-removed@hidraw0.service", ()),
        ("appliance-usb-refused@storage:1-1.service", ()),
        ("appliance-firewall.service", ("PrivateNetwork",)),
        ("appliance-network.service", ("PrivateNetwork",)),
    ],
)
def test_the_shared_sandbox_applies_but_for_exceptions(unit: str, lifted: tuple[str, ...]) -> None:
    full = {"ProtectProc": "invisible", "PrivateTmp": "yes", "PrivateNetwork": "yes"}
    shown = shell(f"systemctl show --property={','.join(full)} {unit}").splitlines()
    found = dict(line.split("=", 1) for line in shown)
    assert {name for name in full if found[name] != full[name]} == set(lifted)
