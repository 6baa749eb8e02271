"""Who may call the daemon, by name or number."""

from __future__ import annotations

import pytest

from appliance.audit.__main__ import _parser


@pytest.mark.parametrize(
    ("said", "peer"),
    [("broker=root", (0, "broker")), ("worker=997", (997, "worker"))],
)
def test_a_peer(said: str, peer: tuple[int, str]) -> None:
    assert _parser().parse_args(["--ledger", "x", "--peer", said]).peer == [peer]


@pytest.mark.parametrize("said", ["broker=no-such-user", "broker=", "stranger=0", "0"])
def test_who_is_nobody_may_not(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parser().parse_args(["--ledger", "x", "--peer", said])
    assert "ROLE=USER" in capsys.readouterr().err
