"""Measurements in a picture: faces, identities, likeness, the quality of a source."""
