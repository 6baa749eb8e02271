"""One visit from token to wipe, as its broker runs it: without root's power (see keeper)."""
