"""A video's frames edited by several processes, each with a GPU or CPU cores of its own.

One process, the coordinator, decodes and encodes; the members track and change faces. Frames are in
shared memory and messages go through pipes. Both exist before any of the processes is sealed: a
member opens nothing, and sees neither the source file nor the result.
"""
