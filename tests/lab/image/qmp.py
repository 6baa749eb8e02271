"""QEMU's own protocol: QMP on a socket (docs/interop/qmp-spec.rst there)."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


class Qmp:
    """A connection to the QEMU that listens at ``path``."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("r")
        self._lines.readline()  # its greeting
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: Any) -> Any:
        """What ``command`` gives. Raises ``RuntimeError`` if QEMU refuses, or has ended."""
        text = json.dumps({"execute": command, "arguments": arguments})
        self._socket.sendall(text.encode())
        while line := self._lines.readline():
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]
        raise RuntimeError("QEMU has ended")

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()
