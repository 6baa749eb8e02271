"""What a command does with its process: seals it, loads an engine, decodes apart, keeps a log."""
