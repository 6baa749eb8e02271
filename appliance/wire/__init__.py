"""Varlink over AF_UNIX, with file descriptors (https://varlink.org/Method-Call).

A message is one JSON object, ended by a NUL byte. A call names a method ``INTERFACE.NAME`` and is
answered once, or several times if it asked for ``more``. Descriptors travel by SCM_RIGHTS with the
bytes of the message that they belong to. The kernel identifies the caller (SO_PEERCRED).

All input is bounded before it is parsed: the length of a message, the number of its descriptors,
the number of callers, in total and for each user. A caller that breaks a rule loses its
connection; others do not notice.
"""
