"""One class for each role that a neural network of a pack fills."""
