"""The messages of the varlink interfaces of broker and worker, for both ends of each connection."""
