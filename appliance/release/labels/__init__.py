"""Labels that a released result carries: one that people see, one that programs read."""
