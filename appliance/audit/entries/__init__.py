"""What is logged: typed events, as canonical JSON, redacted by construction."""
