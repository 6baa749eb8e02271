"""How a process irrevocably gives up network and disk, and verifies that it did."""
