"""The option that gives users a role."""

from __future__ import annotations

import pytest

from appliance.audit.__main__ import _parser


@pytest.mark.parametrize(
    ("option", "peer"),
    [("broker=root", (0, "broker")), ("worker=997", (997, "worker"))],
)
def test_a_peer_is_named_by_user_name_or_number(option: str, peer: tuple[int, str]) -> None:
    assert _parser().parse_args(["--ledger", "x", "--peer", option]).peer == [peer]


@pytest.mark.parametrize("option", ["broker=no-such-user", "broker=", "stranger=0", "0"])
def test_an_unknown_user_or_role_is_refused(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        _parser().parse_args(["--ledger", "x", "--peer", option])
    assert "ROLE=USER" in capsys.readouterr().err
