"""``appliance disc`` and its subcommands."""
