"""What is remembered from frame to frame: tracks, steady landmarks, the frames' editor."""
