"""Nothing is erased before the words are typed."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from appliance.cli.provision.factory_reset import WORDS, factory_reset
from appliance.provisioning.factory_reset import FactoryReset
from tests.cli.conftest import Call


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps that were taken."""
    steps: list[str] = []
    for step in ("check", "erase", "restart"):
        monkeypatch.setattr(FactoryReset, step, lambda _self, step=step: steps.append(step))
    return steps


@pytest.mark.parametrize("typed", ["", "yes", WORDS.upper(), WORDS[:-1]])
def test_other_words_erase_nothing(done: list[str], typed: str) -> None:
    outcome = CliRunner().invoke(factory_reset, input=f"{typed}\n")
    assert outcome.exit_code == 2
    assert done == ["check"]


def test_the_words_erase_and_restart(done: list[str]) -> None:
    assert CliRunner().invoke(factory_reset, input=f"{WORDS}\n").exit_code == 0
    assert done == ["check", "erase", "restart"]
    done.clear()
    CliRunner().invoke(factory_reset, ["--no-restart"], input=f"{WORDS}\n")
    assert done == ["check", "erase"]


def test_a_machine_that_cannot_be_reset_is_not_asked_about(call: Call) -> None:
    outcome = call("provision", "factory-reset")
    assert outcome.code == 17
    assert WORDS not in outcome.out
