"""Photos and videos in and out: decoded to canvases, encoded from them, never through a disk."""
