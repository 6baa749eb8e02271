"""Writes a folder to a disc or an image of one, and reads it back; it knows nothing of releases."""
