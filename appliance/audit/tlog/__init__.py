"""A transparency log by C2SP (tlog-tiles, signed notes): does not depend on what is logged."""
