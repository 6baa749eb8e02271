"""Discs from outside, read in user space: no driver of the kernel parses their file systems."""
