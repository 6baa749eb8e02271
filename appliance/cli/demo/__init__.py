"""``appliance demo``: the sample portraits swapped, as a contact sheet and a short film."""
