"""``appliance doctor``: the seal tried out, and the machine's hardening checked.

What is expected is read from the files of ``hardening/`` as they are installed, what is found from
the running system. Each check takes the ``root`` of the machine that it examines.
"""
