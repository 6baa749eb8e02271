"""Where things of the repository lie, for tests in folders of any depth."""

from __future__ import annotations

from pathlib import Path

from appliance import resources

REPOSITORY = Path(__file__).parents[1]
PORTRAITS = resources.portraits()
