"""``appliance doctor``: tries the seal of this process and checks the hardening of the machine.

What is expected is read from the files of ``hardening/`` as installed, what is found from the
running system. Each check takes the ``root`` folder of the machine that it examines.
"""
