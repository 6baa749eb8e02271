"""Sessions from login to wipe, as the unprivileged broker runs them."""
