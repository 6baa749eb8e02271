"""What an operation achieved of what was simulated, from a photo that was taken later."""
