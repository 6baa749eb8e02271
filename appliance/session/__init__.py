"""One visit from token to wipe. Runs as root: imports nothing that parses media or models."""
