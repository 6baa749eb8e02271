"""Signed provenance (C2PA 2.x): a site's own anchor, signing and reading, all of it offline."""
