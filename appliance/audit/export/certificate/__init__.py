"""The certificate of erasure: its content, and the page as HTML or PDF."""
