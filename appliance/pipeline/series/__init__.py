"""A clinic's series of photos of one face: which views they are, and how well each is taken."""
