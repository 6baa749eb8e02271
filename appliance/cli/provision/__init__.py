"""``appliance provision``: a site's settings, people and keys in one signed file."""
