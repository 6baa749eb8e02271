"""What leaves: labels, signed provenance, a watermark, and reading all three; no processes."""
