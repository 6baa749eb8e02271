"""A key of the policy that nothing enforces would be a false statement."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import PolicyError
from appliance.policy.enforcement import enforced_anyway, not_enforced_yet
from appliance.policy.load import parse
from appliance.policy.policy import Section
from appliance.seal import syscalls
from tests.paths import REPOSITORY
from tests.policy.reads import consumers, example, leaves, package

LEAVES = dict(leaves())
UNREAD = {*not_enforced_yet(), *enforced_anyway()}
KEPT = """
class Act:
    def __init__(self, policy: Policy):
        self._kept = policy.export

    def act(self):
        return self._kept.label
"""
SHIPPED = sorted((REPOSITORY / "policies").glob("*.yaml"))


def readers(name: str, kind: type[Section], text: str) -> frozenset[str]:
    found = consumers(example(text))
    return found.get((kind.__name__, name.rpartition(".")[2]), frozenset())


def test_every_key_is_read_by_code_that_may_act_upon_it_or_says_that_it_is_not() -> None:
    found = consumers(package())
    unread = {
        name
        for name, kind in LEAVES.items()
        if not found.get((kind.__name__, name.rpartition(".")[2]))
    }
    # Both ways: a key that has found its consumer must lose its mark.
    assert unread == UNREAD
    assert set(LEAVES) > UNREAD


@pytest.mark.parametrize(
    "code",
    [
        "def act(policy: Policy):\n    return policy.export.label",
        "def act(export: Export):\n    return export.label",
        "class Act:\n    export: Export\n    def act(self):\n        return self.export.label",
        KEPT,
        "def act(policy: Policy | None):\n    export = policy.export\n    return export.label",
    ],
)
def test_the_reader_finds_a_consumer(code: str) -> None:
    assert readers("export.label", LEAVES["export.label"], code) == {"more.py"}


@pytest.mark.parametrize(
    "code",
    [
        "def act(other: Other):\n    return other.export.label",
        "def act(gate: Gate):\n    return gate.label",
        "export.label",
        "def act(policy: Policy):\n    return policy.export\n'label'",
        "def act(export: Export):\n    export.label = True",
    ],
)
def test_the_reader_is_not_taken_in_by_a_name(code: str) -> None:
    assert not readers("export.label", LEAVES["export.label"], code)


def test_what_is_enforced_anyway_is_refused_if_a_policy_says_otherwise() -> None:
    assert enforced_anyway() == ("system.allow_network", "export.medium", "export.label")
    for other in (
        b"system: {allow_network: true}",
        b"export: {medium: usb}",
        b"export: {label: no}",
    ):
        with pytest.raises(PolicyError):
            parse(other)
    for allowed in (syscalls.ALLOWED, syscalls.OPENING):
        assert not {"socket", "socketpair", "connect", "bind", "io_uring_setup"} & {*allowed}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_policies_say_which_keys_do_nothing_yet(path: Path) -> None:
    section, marked = "", set()
    for line in path.read_text().splitlines():
        if line and line[0].isalpha():
            section = line.partition(":")[0]
        if "not enforced yet" in line:
            marked.add(f"{section}.{line.partition(':')[0].strip()}")
    assert marked == {*not_enforced_yet()}


def test_the_readme_says_which_keys_do_nothing_yet() -> None:
    lines = (REPOSITORY / "policies" / "README.md").read_text().splitlines()
    listed = {line[3:-1] for line in lines if line.startswith("- `")}
    assert listed == {*not_enforced_yet()}
