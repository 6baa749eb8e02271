"""Fixtures that attacks share with the tests of the rooms they aim at."""

from __future__ import annotations

from tests.session.conftest import login, scene

__all__ = ["login", "scene"]
