"""Varlink messages over AF_UNIX, with descriptors beside them (https://varlink.org/Method-Call).

A message is one JSON object, ended by a NUL byte; a call names a method ``INTERFACE.NAME``, and is
answered once, or several times if it asked for ``more``. Descriptors travel by SCM_RIGHTS with the
bytes of the message that they belong to. Who calls is what the kernel says (SO_PEERCRED).

Whatever arrives is bounded before it is understood: the length of a message, how many descriptors
come with it, how many callers there are, in all and for each user. What breaks a rule ends its
connection, and no other.
"""
