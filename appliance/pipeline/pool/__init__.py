"""A video's frames spread over several processes, each with a GPU or cores of its own.

One process, the coordinator, decodes and encodes; the members follow and change faces. Frames
travel in shared memory and orders through pipes, both made before any of them was sealed: no
member opens anything, and none sees the source or the result.
"""
