"""How a face looks on the canonical plane, and how a source comes to look like a target."""
