"""Canaries are planted wherever personal data comes in, and must not come out anywhere."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import string
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.diagnostics.redact import (
    ALLOWED_TEXTS,
    MESSAGES,
    redact_record,
    redact_value,
)
from appliance.errors import LedgerError

DICE = random.Random()  # noqa: S311 - new canaries every time; a failure prints its own


def letters(count: int) -> str:
    return "".join(DICE.choices(string.ascii_lowercase, k=count))


def digits(count: int) -> str:
    return "".join(DICE.choices("123456789", k=count))


def canaries() -> list[str]:
    """One of each kind; every one has a part that is nowhere else."""
    return [
        f"/home/{letters(9)}/{letters(8)}.jpg",
        f"C:\\Users\\{letters(9)}\\scan.dcm",
        letters(12),  # a user
        f"{letters(8).title()} {letters(9).title()}",  # a patient
        f"{letters(8)}@{letters(7)}.example",
        f"10.{digits(2)}.{digits(2)}.{digits(2)}",
        f"fe80::{DICE.randbytes(2).hex()}:{DICE.randbytes(2).hex()}%eth0",
        ":".join(f"{byte:02x}" for byte in DICE.randbytes(6)),
        f"{letters(9)}.{letters(6)}.example",  # a host
        f"{digits(3)}-{digits(2)}-{digits(4)}",  # a social security number
        digits(11),  # a German tax number
        f"{digits(8)}{letters(1).upper()}",  # a Spanish identity card
        " ".join(f"{DICE.uniform(-1, 1):.6f}" for _ in range(4)),  # of an embedding
    ]


def found(secrets: Iterable[str], text: bytes) -> list[str]:
    """Which of ``secrets`` is in ``text``, plainly or in a common encoding."""
    low = text.lower()

    def occurs(secret: str) -> bool:
        raw = secret.encode()
        parts = [raw, raw.hex().encode(), secret.encode("utf-16-le"), repr(secret)[1:-1].encode()]
        parts += [base64.b64encode(raw)[: len(raw) // 3 * 4]]
        return any(part.lower() in low for part in parts)

    return [secret for secret in secrets if occurs(secret)]


def files_below(*folders: Path) -> bytes:
    """Names and contents of all files there."""
    parts = []
    for folder in folders:
        for path in folder.rglob("*"):
            parts.append(os.fsencode(path.relative_to(folder)))
            if path.is_file():
                parts.append(path.read_bytes())
    return b"\n".join(parts)


def test_no_canary_gets_through_a_process_that_leaks_everywhere(tmp_path: Path) -> None:
    secrets = canaries()
    done = subprocess.run(
        [sys.executable, "-m", "tests.diagnostics.leaky"],
        input=json.dumps(secrets).encode(),
        capture_output=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 1
    assert found(secrets, done.stdout + done.stderr + files_below(tmp_path)) == []
    lines = done.stderr.decode().splitlines()
    # It is not silent: each time the kind of event and its place are reported.
    assert len(lines) >= 15 * len(secrets)
    assert 'process=worker level=error event="ledger refused" kind=warning times=3' in lines
    assert lines[-1].startswith('process=worker level=critical event="uncaught exception"')
    assert re.search(r'exception="RuntimeError .*__main__:\d+ __main__:\d+', lines[-1])
    assert any("library=numpy" in line for line in lines)


def test_without_the_redaction_every_canary_would_be_found() -> None:
    secrets = canaries()
    done = subprocess.run(
        [sys.executable, "-m", "tests.diagnostics.leaky", "--open"],
        input=json.dumps(secrets).encode(),
        capture_output=True,
        check=False,
    )
    assert found(secrets, done.stdout) == found(secrets, done.stderr) == secrets


def test_in_the_journal_lines_carry_their_priority() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.diagnostics.leaky"],
        input=b'["x"]',
        capture_output=True,
        env={**os.environ, "JOURNAL_STREAM": "8:1"},
        check=False,
    )
    lines = done.stderr.decode().splitlines()
    assert lines
    assert all(re.match(r"<[2-4]>process=worker level=", line) for line in lines)


def test_no_canary_of_a_file_a_policy_or_a_person_reaches_log_ledger_or_temp(
    tmp_path: Path,
) -> None:
    """The command itself, with names, EXIF data and policy values that are canaries."""
    secrets = canaries()
    plain = [secret for secret in secrets if "/" not in secret and "\\" not in secret]
    inputs, state, temp = (tmp_path / name for name in ("in", "state", "temp"))
    for folder in (inputs, state, temp):
        folder.mkdir()
    text = "".join(DICE.choices(plain))
    photo = inputs / f"{plain[0]} {plain[1]}.jpg"
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x8298] = secrets[3], secrets[4], secrets[9]
    Image.new("RGB", (64, 64), "grey").save(photo, exif=exif)
    broken = inputs / f"{plain[2]}.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + text.encode() * 30)
    policy = inputs / f"{plain[3]}.yaml"
    policy.write_text(f"system:\n  log_level: '{secrets[2]}'\n")
    output = b""
    for arguments in (
        ["swap", "--source", photo, "--target", photo, "--output", inputs / plain[4]],
        ["swap", "--source", broken, "--target", photo, "--output", inputs / "x.png"],
        ["swap", "--source", inputs / secrets[2], "--target", photo, "--output", inputs / "x"],
        ["inspect", photo],
        ["inspect", broken],
        ["audit", "verify", "--ledger", inputs / secrets[2]],
        ["audit", "show", "--ledger", photo],
        ["swap", f"--{secrets[2]}"],
        [secrets[2]],
        ["policy", "check", policy],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "appliance.cli.main", *map(str, arguments)],
            capture_output=True,
            env={**os.environ, "TMPDIR": str(temp), "XDG_STATE_HOME": str(state)},
            cwd=temp,
            check=False,
        )
        if arguments[0] != "policy":  # it quotes the faulty line to the author of the policy
            output += done.stdout + done.stderr
        assert b"Traceback" not in done.stderr
    assert output.count(b"error: ") >= 8
    with EmbeddedAudit(state / "ledger") as audit:
        for secret in secrets:
            audit.client.append(
                events.LoginGranted(audit.client.pseudonym("person", secret.encode()), "fido2")
            )
            with pytest.raises(LedgerError) as caught:
                audit.client.append(events.LoginGranted(secret, "fido2"))
            output += f"{caught.value} {caught.value.hint}".encode()
            with pytest.raises(LedgerError) as caught:
                audit.client.append(events.SealResult(secret, (), 7, 1, 0))  # type: ignore[arg-type]
            output += f"{caught.value} {caught.value.hint}".encode()
    assert found(secrets, output) == []
    assert found(secrets, files_below(state, temp)) == []
    assert found(secrets, files_below(inputs)) != []


def test_texts_that_are_not_listed_are_withheld() -> None:
    record = {"event": "bug", "process": "worker", "level": "error", "kind": "warning", "times": 3}
    assert redact_record(None, "error", record) == record
    assert redact_value("maria") == "<text>"
    assert redact_value("/home/maria") == redact_value("C:\\maria") == "<path>"
    assert redact_value("maria@example") == "<e-mail>"
    assert redact_value("10.0.0.1") == redact_value("fe80::1:2") == "<address>"
    assert redact_value("123 456-789") == redact_value(123_456_789) == "<number>"
    assert redact_value(b"maria") == "<5 bytes>"
    assert redact_value(["maria", "m"]) == "<2 values>"
    assert redact_value({"maria": 1}) == "<1 values>"
    assert redact_value(12_345) == 12_345
    assert "maria" not in redact_value(RuntimeError("maria"))  # type: ignore[operator]


@given(st.text())
def test_only_listed_texts_pass(text: str) -> None:
    assert (redact_value(text) == text) == (text in ALLOWED_TEXTS) or text.startswith("<")
    assert MESSAGES <= ALLOWED_TEXTS
