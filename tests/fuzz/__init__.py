"""Coverage-guided fuzzing of parsers, for a limited time (``make fuzz``)."""
