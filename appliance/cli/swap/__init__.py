"""``appliance swap``."""
