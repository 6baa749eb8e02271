"""What a machine must be like to be an appliance: read, not believed.

What is wanted is read from the files of ``hardening/`` as they are installed, what is found from
the running system. Each look takes the ``root`` of the machine that it looks at.
"""
