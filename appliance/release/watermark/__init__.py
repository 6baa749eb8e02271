"""A keyed mark that nobody sees: the number of a release, in the pixels of a still or film."""
