"""A visit: which screen follows which, and what is known so far. Without Qt."""
