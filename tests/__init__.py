"""Tests; README.md says what each folder holds."""
