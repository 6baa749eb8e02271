"""``appliance policy``: checked, shown, compared."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
import yaml

from appliance.policy.load import load
from appliance.policy.policy import EMBEDDED, Policy
from tests.cli.conftest import Call
from tests.paths import REPOSITORY

POLICIES = REPOSITORY / "policies"
CLINIC, STUDIO = POLICIES / "clinic.yaml", POLICIES / "studio.yaml"


def test_valid_policies_are_listed_with_their_digests(call: Call) -> None:
    outcome = call("policy", "check", CLINIC, STUDIO)
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        f"{load(path).digest}  {path.name}" for path in (CLINIC, STUDIO)
    ]


def test_an_invalid_policy_is_reported_with_line_and_key(call: Call, tmp_path: Path) -> None:
    altered = tmp_path / "clinic.yaml"
    altered.write_text(CLINIC.read_text().replace("allow_network: false", "allow_network: true"))
    outcome = call("policy", "check", altered)
    assert outcome.code == 8
    line = 1 + CLINIC.read_text().splitlines().index(
        "  allow_network: false      # fixed: no policy opens the network"
    )
    assert f"clinic.yaml, line {line}, system.allow_network: " in outcome.err


@pytest.mark.parametrize("named", [True, False])
def test_show_prints_a_valid_policy_and_json_has_its_digest(call: Call, named: bool) -> None:
    policy = load(CLINIC) if named else EMBEDDED
    words = [CLINIC] if named else []
    shown = call("policy", "show", *words)
    assert shown.out.startswith(f"# {policy.digest}\n")
    assert "not enforced yet" not in shown.out
    assert msgspec.convert(yaml.safe_load(shown.out), Policy) == policy
    canonical = call("policy", "show", *words, "--json").out.removesuffix("\n")
    assert hashlib.sha256(canonical.encode()).hexdigest() == policy.digest


def test_differences_of_two_policies_are_listed_by_key(call: Call) -> None:
    outcome = call("policy", "diff", CLINIC, STUDIO)
    listed = {line.split()[0] for line in outcome.out.splitlines()}
    assert "gate.same_person" in listed
    assert "system.log_level" not in listed
    assert call("policy", "diff", CLINIC, CLINIC).out == "identical\n"


def test_the_schema_has_every_section_and_the_fixed_values(call: Call) -> None:
    schema = call("policy", "schema").json
    assert set(schema["$defs"]["Policy"]["properties"]) == set(Policy.__struct_fields__)
    assert schema["$defs"]["System"]["properties"]["allow_network"]["const"] is False
    assert schema["$defs"]["System"]["additionalProperties"] is False
