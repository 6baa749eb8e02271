"""``appliance simulate``: a person's own photo as an operation could change the face."""
