"""``appliance models``."""
