"""Simulation without a source: handles that move a person's own face by mm and degrees."""
