"""Faster variants of a network: one pass per module, and the error measured on real crops."""
