"""A certificate of erasure: what a page of it says, and the page as HTML or PDF."""
