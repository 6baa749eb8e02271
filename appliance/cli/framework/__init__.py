"""What every command uses: options, messages, progress, exit codes."""
