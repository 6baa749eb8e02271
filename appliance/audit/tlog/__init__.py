"""A transparency log by C2SP (tlog-tiles, signed notes): knows nothing of what is logged."""
