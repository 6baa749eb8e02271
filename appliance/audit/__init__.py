"""What happened, provably: typed events in an append-only, signed log that others can check."""
