"""``appliance audit``: creates, reads, verifies, exports and prunes the ledger."""
