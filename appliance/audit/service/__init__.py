"""The audit daemon, which alone writes the ledger, and its clients."""
