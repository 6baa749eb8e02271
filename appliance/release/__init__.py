"""What leaves: labels, signed provenance, and reading both again; a library without processes."""
