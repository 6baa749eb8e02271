"""What commands do with processes: seal, load an engine, decode in isolation, keep a log."""
