"""Sheets of captioned tiles, drawn for people to look at."""
