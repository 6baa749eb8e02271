"""Photos and videos as files: decoded, edited in place, encoded."""
