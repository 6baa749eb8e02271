"""Who writes the ledger: the daemon of an appliance, or the command itself on a laptop."""
