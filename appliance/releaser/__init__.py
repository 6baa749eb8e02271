"""The releaser of a slot: makes the copies that may leave, in a session's own workspace."""
