"""What the screen says, in English and Simplified Chinese."""
