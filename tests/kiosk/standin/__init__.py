"""A window that seals itself, before there is another: see ``__main__.py``."""
