"""Hands in front of a face: found, followed through a shot, masked, and kept as they are."""
