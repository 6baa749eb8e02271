"""Small hostile files, and a check of what a sealed process makes of them."""
