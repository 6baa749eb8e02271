"""``appliance demo``: swaps the sample portraits, into a contact sheet and a short video."""
