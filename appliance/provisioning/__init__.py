"""A site's settings, people and keys in one file that two people signed: made, checked, applied."""
