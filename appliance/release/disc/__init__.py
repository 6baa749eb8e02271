"""What lies on a disc of released copies: files, a signed list of them, and what checks both."""
