"""A ledger checked: by its proofs, its anchor, its witnesses and the counter of a TPM."""
