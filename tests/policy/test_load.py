"""Policies: what is accepted, and what each refusal names."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PolicyError
from appliance.policy.load import LIMIT, load, parse
from appliance.policy.policy import EMBEDDED, LEGAL_FLOOR_DAYS, Policy
from tests.paths import REPOSITORY

POLICIES = REPOSITORY / "policies"
SHIPPED = sorted(POLICIES.glob("*.yaml"))
KEY = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"

# What is wrong, the line and the key that the message must name, and a part of its text.
REFUSED = {
    "an unknown section": ("sistem:\n  log_level: error", 1, "sistem", "no such key"),
    "an unknown key": ("system:\n  log_levle: error", 2, "system.log_levle", "no such key"),
    "a wrong type": ('session:\n\n  idle_seconds: "600"', 3, "session.idle_seconds", "`int`"),
    "a fraction for a whole": ("session:\n  idle_seconds: 60.5", 2, "session.idle_seconds", "int"),
    "a list for a section": ("system: [warning]", 1, "system", "object"),
    "an open network": ("system:\n  allow_network: true", 2, "system.allow_network", "network"),
    "an open network, as yes": (
        "system: {log_level: error,\n allow_network: yes}",
        2,
        "system.allow_network",
        "network",
    ),
    "a chatty log": ("system:\n  log_level: info", 2, "system.log_level", "'info'"),
    "too short a retention": (
        f"audit:\n\n  retention_days: {LEGAL_FLOOR_DAYS - 1}",
        3,
        "audit.retention_days",
        f">= {LEGAL_FLOOR_DAYS}",
    ),
    "no seccomp": ("seal:\n  minimum: [landlock]", 2, "seal.minimum", "seccomp"),
    "no layer": ("seal:\n  minimum: []", 2, "seal.minimum", ">= 1"),
    "an unknown layer": ("seal:\n  minimum: [seccomp, hope]", 2, "seal.minimum.1", "'hope'"),
    "no second person": ("export:\n  second_person: no", 2, "export.second_person", "person"),
    "no label": ("export:\n  label: false", 2, "export.label", "labelled"),
    "a USB stick": ("export:\n  medium: usb", 2, "export.medium", "'usb'"),
    "a device without its name": ("workspace:\n  backing: device", 1, "workspace.device", "device"),
    "a name without its device": (
        "workspace:\n  device: /dev/sda1",
        2,
        "workspace.device",
        "device",
    ),
    "a device elsewhere": ("workspace:\n  device: /etc/shadow", 2, "workspace.device", "/dev/"),
    "a GPU that may not be opened": ("engine:\n  providers: [cuda]", 1, "engine.gpu", "GPU"),
    "a handle that does not exist": (
        "simulation:\n  handles: [hump, ears]",
        2,
        "simulation.handles.1",
        "'ears'",
    ),
    "bounds of a handle that does not exist": (
        "simulation:\n  bounds:\n    ears: [-1, 1]",
        2,
        "simulation.bounds",
        "'ears'",
    ),
    "bounds wider than the handle's own": (
        "simulation:\n  bounds: {tip-projection: [-2, 5]}",
        2,
        "simulation.bounds",
        "within",
    ),
    "bounds without 0": (
        "simulation:\n  bounds: {tip-projection: [1, 3]}",
        2,
        "simulation.bounds",
        "holds 0",
    ),
    "bounds that are no number": (
        "simulation:\n  bounds: {hump: [.nan, 1]}",
        2,
        "simulation.bounds",
        "within",
    ),
    "one bound": ("simulation:\n  bounds: {hump: [-1]}", 2, "simulation.bounds", "length 2"),
    "too long a drag": ("simulation:\n  drag_mm: 12", 2, "simulation.drag_mm", "<= 10"),
    "a key of another kind": ("models:\n  keys:\n    - abc", 3, "models.keys.0", "matching"),
    "a time of day that YAML counts": ("wipe:\n  daily: 12:30", 2, "wipe.daily", "`str`"),
    "an impossible time of day": ('wipe:\n  daily: "24:00"', 2, "wipe.daily", "matching"),
    "a project without members": (
        "projects:\n  - name: a\n    members: []",
        3,
        "projects.0.members",
        ">= 1",
    ),
    "a project twice": (
        "projects:\n  - {name: a, members: [x]}\n  - {name: a, members: [y]}",
        1,
        "projects",
        "its own",
    ),
    "a project without a name": ("projects:\n  - members: [x]", 2, "projects.0", "`name`"),
    "a key twice": (
        "system:\n  log_level: error\n  log_level: warning",
        3,
        "system.log_level",
        "line 2",
    ),
    "a key that is not a string": ("system:\n  1: error", 2, "system", "not a string"),
    "an alias": ("system: &a {log_level: error}\nseal: *a", 2, "", "alias"),
    "a tag": ("system: !!python/object:os.system {}", 1, "system", "tags"),
    "two documents": ("system: {}\n---\nseal: {}", 2, "", "document"),
    "training that keeps": ("training: true", 1, "training", "must be memory"),
    "a list": ("- system", 1, "", "object"),
    "not YAML": ("system: {", 1, "", "expected"),
    "a scalar's tag": ("system:\n  log_level: !!binary Zm9v", 2, "system.log_level", "str"),
    "an impossible date": ("wipe:\n  daily: 2026-13-45", 1, "", "YAML"),
    "a bell": ("system: \x07", 1, "", "YAML"),
}


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_the_shipped_policies_are_sound_and_explain_every_key(path: Path) -> None:
    policy = load(path)
    text = path.read_text()
    for section in msgspec.to_builtins(policy).items():
        if section[0] != "projects" or policy.projects:
            assert f"\n{section[0]}:" in text
    if path.stem == "clinic":
        sections = msgspec.to_builtins(Policy()).values()
        names = [name for section in sections if isinstance(section, dict) for name in section]
        assert all(f" {name}:" in text for name in names)


def test_both_sites_and_training_ship() -> None:
    assert {path.stem for path in SHIPPED} == {"clinic", "studio", "training"}
    assert [path.stem for path in SHIPPED if load(path).training] == ["training"]


@pytest.mark.parametrize(
    ("text", "line", "key", "part"),
    REFUSED.values(),
    ids=[name.replace(" ", "-") for name in REFUSED],
)
def test_what_is_wrong_is_refused_by_line_and_key(
    text: str, line: int, key: str, part: str
) -> None:
    with pytest.raises(PolicyError) as refused:
        parse(text.encode(), "clinic.yaml")
    place = f"clinic.yaml, line {line}" + (f", {key}: " if key else ": ")
    assert refused.value.message.startswith(place)
    assert part in refused.value.message.removeprefix(place)


def test_a_missing_key_has_the_strict_default() -> None:
    assert parse(b"") == Policy()
    policy = parse(b"session:\n  idle_seconds: 60\nmodels: {keys: [" + KEY.encode() + b"]}")
    assert policy.session.idle_seconds == 60
    assert policy.models.keys == (KEY,)
    assert policy.gate.same_person
    assert not policy.system.allow_network


def test_the_digest_is_of_the_values() -> None:
    plain, commented = (
        parse(b"session: {idle_seconds: 60}"),
        parse(b"session:\n  idle_seconds: 60 # !"),
    )
    assert plain.digest == commented.digest
    assert plain.digest != Policy().digest
    # Any JSON tool writes the same bytes.
    again = json.dumps(json.loads(plain.canonical), sort_keys=True, separators=(",", ":"))
    assert again.encode() == plain.canonical


def test_the_embedded_policy_keeps_to_the_rules() -> None:
    assert parse(EMBEDDED.canonical) == EMBEDDED  # JSON is YAML


def test_a_file_that_cannot_be_read_is_refused_without_its_path(tmp_path: Path) -> None:
    for path in (tmp_path / "anna.yaml", tmp_path):
        with pytest.raises(PolicyError) as refused:
            load(path)
        assert str(tmp_path) not in refused.value.message + refused.value.hint
    with pytest.raises(PolicyError, match="longer"):
        parse(b"#" * (LIMIT + 1))
    with pytest.raises(PolicyError, match="line 2: not UTF-8"):
        parse(b"# \n\xff")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_a_policy_or_an_error(data: bytes) -> None:
    try:
        policy = parse(data)
    except PolicyError:
        return
    assert not policy.system.allow_network
