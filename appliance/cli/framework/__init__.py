"""What every command is made of: options, messages, progress, exit codes."""
