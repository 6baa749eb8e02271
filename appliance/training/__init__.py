"""The whole machine for training: its processes as those of the user who starts it, without root.

Broker, worker, ledger and kiosk are the real ones. What needs hardware or root has a stand-in:
tokens are files, the disc is a folder of samples, and a session's workspace is a folder in memory.
"""
