"""``appliance update``: makes, checks and applies updates of the image."""
