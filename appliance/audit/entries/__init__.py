"""What is logged: typed events as canonical JSON, which have no field for personal data."""
