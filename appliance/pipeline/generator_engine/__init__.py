"""The generator engine: the networks of an operator's packs draw the face."""
