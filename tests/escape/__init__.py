"""Attempts to escape from a sealed process."""
