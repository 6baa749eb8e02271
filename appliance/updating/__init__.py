"""Updates of the image: a signed bundle is installed into the other slot, which then boots."""
