"""The mesh engine: a source's texture and shape drawn on a target's mesh, without a generator."""
