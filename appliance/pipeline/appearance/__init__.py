"""How a face looks in its picture: light, tone, skin, and what covers it."""
