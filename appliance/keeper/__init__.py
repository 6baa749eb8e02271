"""What of a session needs root: its storage, the life of its worker, its end.

One process for one session. It knows six words (``protocol.py``), reads no policy, and its only
caller is the broker; it imports nothing of the house but errors.
"""
