"""Model packs, what their tensors mean, and the one place that runs them."""
