"""The keys of a ledger: where they lie, how they are made and sealed."""
