"""Paths that tests use from folders of any depth."""

from __future__ import annotations

from pathlib import Path

from appliance import resources

REPOSITORY = Path(__file__).parents[1]
PORTRAITS = resources.portraits()
