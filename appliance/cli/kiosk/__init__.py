"""``appliance kiosk``: the whole appliance, for training."""
