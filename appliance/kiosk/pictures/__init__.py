"""Pictures on the screen: in memory only, and gone with a lock."""
