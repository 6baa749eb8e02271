"""The commands: a folder a noun, and what they share."""
