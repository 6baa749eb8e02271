"""``appliance audit``."""
