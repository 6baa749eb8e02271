"""``appliance release`` and its subcommands."""
