"""Pixels in, pixels out: knows nothing of users, sessions or logs."""
