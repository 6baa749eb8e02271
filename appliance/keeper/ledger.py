"""A keeper's own line in the ledger: one packet to the audit daemon, without any library.

The broker logs the end of a session too, but a broker under an attacker's control could log an
erasure that never happened. The daemon takes this event from root alone. Nothing of the daemon's
answer is parsed: it is compared.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from dataclasses import asdict

from appliance.keeper.protocol import Erasure
from appliance.machine import AUDIT_SOCKET

_PATIENCE = 5.0  # seconds; the daemon answers when the entry is durable
_ACCEPTED = b'{"type":"appended"'


def log(erasure: Erasure) -> None:
    """Log what was erased and measured. A ledger that does not answer holds up no wipe."""
    fields = {name: value for name, value in asdict(erasure).items() if value is not None}
    event = {"kind": "workspace-erased", "key": fields.pop("key_id"), **fields}
    packet = json.dumps({"type": "append", "events": [event]}).encode()
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as daemon:
        daemon.settimeout(_PATIENCE)
        daemon.connect(os.fspath(AUDIT_SOCKET))
        daemon.send(packet)
        if daemon.recv(len(_ACCEPTED)) == _ACCEPTED:
            return
    sys.stderr.write("The ledger did not take the keeper's record of an erasure.\n")
