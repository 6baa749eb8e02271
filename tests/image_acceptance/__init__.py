"""Judges an image that was built: one line for each thing that must hold."""
