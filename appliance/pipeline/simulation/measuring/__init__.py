"""Lines and angles of a face: what is measured, on which points, and how far it may be wrong."""
