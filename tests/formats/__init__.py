"""``docs/formats.md``, measured: what becomes of each kind of track and photo in each result."""
