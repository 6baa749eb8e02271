"""The ledger: typed events in an append-only, signed log that independent programs can check."""
