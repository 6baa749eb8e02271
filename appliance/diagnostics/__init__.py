"""The log of a process for those who run it: records on stderr, redacted."""
