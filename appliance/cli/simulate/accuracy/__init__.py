"""``appliance accuracy``: what operations achieved of what was simulated."""
