"""Inputs of the image, and its bill of materials: what each file of it comes from."""
