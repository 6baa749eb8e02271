"""Photos: decoding, colour profiles, the canvas of their pixels, encoding."""
