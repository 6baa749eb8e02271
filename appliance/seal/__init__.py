"""How a process gives up network and disk, and proves it."""
