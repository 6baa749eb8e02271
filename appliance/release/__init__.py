"""What leaves: labels, signed provenance, a watermark, and reading them again; a library without processes."""
