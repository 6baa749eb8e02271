"""The command line: one folder per command, and what the commands share."""
