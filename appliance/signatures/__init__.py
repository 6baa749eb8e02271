"""Signatures of files that the project and its sites give out: packs, updates, provisioning."""
