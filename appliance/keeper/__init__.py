"""The part of a session that needs root: its storage, its worker's processes, its wipe.

There is one process for each session. It executes six commands (``protocol.py``), parses no
policy, and its only caller is the broker. It imports no third-party library, and of this project
only ``errors`` and ``machine``.
"""
