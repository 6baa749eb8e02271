"""Attempts to get out of a sealed process."""
