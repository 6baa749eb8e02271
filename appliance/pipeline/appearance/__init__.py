"""The appearance of a face in its picture: light, tone, skin, and what covers it."""
